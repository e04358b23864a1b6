package import IR
package import Kernels

extension Microsoft {
  /// `alpha·x` below zero, else x, of a quantized tensor, quantized.
  package struct QLinearLeakyRelu: QLinearUnary {
    package static let schema = Schema(
      "QLinearLeakyRelu", domain: Microsoft.domain, opsets: 1...1, inputs: 1...5)
    package let function: UnaryFunction

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      try node.requireInputs([0, 1, 3])
      function = .leakyRelu(try node.float("alpha", default: 0.01))
    }

    package static func attributeDefaults(opset: Int) -> [String: AttributeValue] {
      ["alpha": .float(0.01)]
    }
  }
}
