package import IR
package import Kernels

extension Microsoft {
  /// The product of two quantized tensors, quantized.
  package struct QLinearMul: QLinearBinary {
    package static let schema = Schema(
      "QLinearMul", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, float, T?, T, float, T?, float, T?) -> T; T: uint8 int8
        """)
    package static let dividesFirst = false
    package let function = BinaryFunction.multiply

    package init(_ node: NodeView, opset: Int) throws(ModelError) {}

    package func numbers(_ inputs: Inputs) -> NumberForm? { .binary(Mul.schema.op) }
  }
}
