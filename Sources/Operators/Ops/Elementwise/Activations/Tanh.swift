package import IR
package import Kernels

/// The hyperbolic tangent (https://onnx.ai/onnx/operators/onnx__Tanh.html).
package struct Tanh: UnaryElementwise {
  package static let schema = Schema(
    "Tanh", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats
      13: T + bfloat16
      """)
  package let function = UnaryFunction.tanh

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Tanh {
  package var gradient: Gradient { .elementwiseOfResult { g, y in g * (1 - y.squared) } }
}
