package import IR
package import Kernels

/// `aᵇ` in the type of `a`, with broadcasting (https://onnx.ai/onnx/operators/onnx__Pow.html).
package struct Pow: BroadcastBinary {
  package static let schema = Schema(
    "Pow",
    signature: """
      1: (T, T) -> T; <axis: int, broadcast: int = 0>; T: floats
      7: <>
      12: (T, T1) -> T; T + int32 int64; T1: numbers
      13: T + bfloat16
      15: T1 + bfloat16
      """)
  package let function = BinaryFunction.power

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
