package import IR
package import Kernels

/// The bits of two integers joined by "exclusive or" (https://onnx.ai/onnx/operators/onnx__BitwiseXor.html).
package struct BitwiseXor: BitwiseBinary {
  package static let schema = Schema(
    "BitwiseXor", opsets: 18...28,
    signature: """
      18: (T, T) -> T; T: integers
      """)
  package let function = BitFunction.xor

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
