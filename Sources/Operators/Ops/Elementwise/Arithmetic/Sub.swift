package import IR
package import Kernels

/// `a - b` with broadcasting (https://onnx.ai/onnx/operators/onnx__Sub.html).
package struct Sub: BroadcastBinary {
  package static let schema = Schema(
    "Sub",
    signature: """
      6: (T, T) -> T; <axis: int, broadcast: int = 0>; T: floats int32 int64 uint32 uint64
      7: <>
      13: T + bfloat16
      14: T + uint8 int8 uint16 int16
      """)
  package let function = BinaryFunction.subtract

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Sub {
  package var gradient: Gradient { .pairwise { g, _, _, _ in (g, -g) } }
}
