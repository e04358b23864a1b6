package import IR
package import Kernels

extension Microsoft {
  /// `1 / (1 + e⁻ˣ)` of a quantized tensor, quantized.
  package struct QLinearSigmoid: QLinearUnary {
    package static let schema = Schema(
      "QLinearSigmoid", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, float, T?, float, T?) -> T; T: uint8 int8
        """)
    package let function = UnaryFunction.sigmoid

    package init(_ node: NodeView, opset: Int) throws(ModelError) {}

    package func numbers(_ inputs: Inputs) -> NumberForm? { .unary(Sigmoid.schema.op) }
  }
}
