package import IR
package import Kernels

/// The nearest integer, half to even (https://onnx.ai/onnx/operators/onnx__Round.html).
package struct Round: UnaryElementwise {
  package static let schema = Schema(
    "Round", opsets: 11...28,
    signature: """
      11: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.round

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Round {
  package var gradient: Gradient { .zero }
}
