package import IR
package import Kernels

extension Microsoft {
  /// `alpha·x` below zero, else x, of a quantized tensor, quantized.
  package struct QLinearLeakyRelu: QLinearUnary {
    package static let schema = Schema(
      "QLinearLeakyRelu", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, float, T?, float, T?) -> T; <alpha: float = 0.01>; T: uint8 int8
        """)
    package let function: UnaryFunction

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      function = .leakyRelu(try node.float("alpha", default: 0.01))
    }

    package func numbers(_ inputs: Inputs) -> NumberForm? { .unary(LeakyRelu.schema.op) }
  }
}
