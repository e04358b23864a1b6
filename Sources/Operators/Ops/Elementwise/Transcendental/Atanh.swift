package import IR
package import Kernels

/// The inverse hyperbolic tangent (https://onnx.ai/onnx/operators/onnx__Atanh.html).
package struct Atanh: UnaryElementwise {
  package static let schema = Schema(
    "Atanh", opsets: 9...28,
    signature: """
      9: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.atanh

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Atanh {
  package var gradient: Gradient { .elementwise { g, x, _ in g / (1 - x.squared) } }
}
