package import IR
package import Kernels

/// `a / b` with broadcasting; integers truncate (https://onnx.ai/onnx/operators/onnx__Div.html).
package struct Div: BroadcastBinary {
  package static let schema = Schema(
    "Div",
    signature: """
      6: (T, T) -> T; <axis: int, broadcast: int = 0>; T: floats int32 int64 uint32 uint64
      7: <>
      13: T + bfloat16
      14: T + uint8 int8 uint16 int16
      """)
  package let function = BinaryFunction.divide

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Div {
  package var gradient: Gradient {
    .pairwise { g, _, b, y in
      let over = g / b
      return (over, -(over * y))
    }
  }
}
