package import IR
package import Kernels

extension Microsoft {
  /// The sum of two quantized tensors, quantized.
  package struct QLinearAdd: QLinearBinary {
    package static let schema = Schema(
      "QLinearAdd", domain: Microsoft.domain, opsets: 1...1, inputs: 1...8)
    package static let dividesFirst = true
    package let function = BinaryFunction.add

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      try node.requireInputs([0, 1, 3, 4, 6])
    }
  }
}
