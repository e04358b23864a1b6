package import IR
package import Kernels

/// The tangent of an angle in radians (https://onnx.ai/onnx/operators/onnx__Tan.html).
package struct Tan: UnaryElementwise {
  package static let schema = Schema(
    "Tan", opsets: 7...28,
    signature: """
      7: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.tan

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Tan {
  package var gradient: Gradient { .elementwise { g, _, y in g * (1 + y.squared) } }
}
