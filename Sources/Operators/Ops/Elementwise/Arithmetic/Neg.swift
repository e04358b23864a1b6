package import IR
package import Kernels

/// The negative (https://onnx.ai/onnx/operators/onnx__Neg.html).
package struct Neg: UnaryElementwise {
  package static let schema = Schema(
    "Neg", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats signed
      13: T + bfloat16
      """)
  package let function = UnaryFunction.negate

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Neg {
  package var gradient: Gradient { .elementwise { g, _, _ in -g } }
}
