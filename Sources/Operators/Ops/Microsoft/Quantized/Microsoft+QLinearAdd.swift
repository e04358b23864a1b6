package import IR
package import Kernels

extension Microsoft {
  /// The sum of two quantized tensors, quantized.
  package struct QLinearAdd: QLinearBinary {
    package static let schema = Schema(
      "QLinearAdd", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, float, T?, T, float, T?, float, T?) -> T; T: uint8 int8
        """)
    package static let dividesFirst = true
    package let function = BinaryFunction.add

    package init(_ node: NodeView, opset: Int) throws(ModelError) {}

    package func numbers(_ inputs: Inputs) -> NumberForm? { .binary(Add.schema.op) }
  }
}
