package import IR
package import Kernels

extension Microsoft {
  /// `1 / (1 + e⁻ˣ)` of a quantized tensor, quantized.
  package struct QLinearSigmoid: QLinearUnary {
    package static let schema = Schema(
      "QLinearSigmoid", domain: Microsoft.domain, opsets: 1...1, inputs: 1...5)
    package let function = UnaryFunction.sigmoid

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      try node.requireInputs([0, 1, 3])
    }
  }
}
