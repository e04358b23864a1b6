package import IR
package import Kernels

/// `x / (1 + |x|)` (https://onnx.ai/onnx/operators/onnx__Softsign.html).
package struct Softsign: UnaryElementwise {
  package static let schema = Schema(
    "Softsign", opsets: 1...28,
    signature: """
      1: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.softsign

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Softsign {
  package var gradient: Gradient { .elementwise { g, x, _ in g / (1 + x.abs).squared } }
}
