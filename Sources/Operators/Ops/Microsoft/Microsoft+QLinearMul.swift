package import IR
package import Kernels

extension Microsoft {
  /// The product of two quantized tensors, quantized.
  package struct QLinearMul: QLinearBinary {
    package static let schema = Schema(
      "QLinearMul", domain: Microsoft.domain, opsets: 1...1, inputs: 1...8)
    package static let dividesFirst = false
    package let function = BinaryFunction.multiply

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      try node.requireInputs([0, 1, 3, 4, 6])
    }
  }
}
