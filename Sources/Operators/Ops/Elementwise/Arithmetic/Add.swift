package import IR
package import Kernels

/// `a + b` with broadcasting (https://onnx.ai/onnx/operators/onnx__Add.html).
package struct Add: BroadcastBinary {
  package static let schema = Schema(
    "Add",
    signature: """
      6: (T, T) -> T; <axis: int, broadcast: int = 0>; T: floats int32 int64 uint32 uint64
      7: <>
      13: T + bfloat16
      14: T + uint8 int8 uint16 int16
      """)
  package static let traits = Traits(isCommutative: true)
  package let function = BinaryFunction.add

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .free(inputs: [0, 1]) }
}

extension Add {
  package var gradient: Gradient { .pairwise { g, _, _, _ in (g, g) } }
}

extension Add {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(Microsoft.QLinearAdd.schema.op, .resultLast)
  }
}
