package import IR
package import Kernels

/// The sine (https://onnx.ai/onnx/operators/onnx__Sin.html).
package struct Sin: UnaryElementwise {
  package static let schema = Schema(
    "Sin",
    signature: """
      7: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.sin

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Sin {
  package var gradient: Gradient { .elementwise { g, x, _ in g * x.cos } }
}
