package import IR
package import Kernels

/// The bits of two integers joined by "or" (https://onnx.ai/onnx/operators/onnx__BitwiseOr.html).
package struct BitwiseOr: BitwiseBinary {
  package static let schema = Schema(
    "BitwiseOr", opsets: 18...28,
    signature: """
      18: (T, T) -> T; T: integers
      """)
  package let function = BitFunction.or

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
