package import IR
package import Kernels

/// The bits of two integers joined by "and" (https://onnx.ai/onnx/operators/onnx__BitwiseAnd.html).
package struct BitwiseAnd: BitwiseBinary {
  package static let schema = Schema(
    "BitwiseAnd", opsets: 18...28,
    signature: """
      18: (T, T) -> T; T: integers
      """)
  package let function = BitFunction.and

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
