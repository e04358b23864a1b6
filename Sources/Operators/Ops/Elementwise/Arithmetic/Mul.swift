package import IR
package import Kernels

/// `a · b` with broadcasting (https://onnx.ai/onnx/operators/onnx__Mul.html).
package struct Mul: BroadcastBinary {
  package static let schema = Schema(
    "Mul",
    signature: """
      6: (T, T) -> T; <axis: int, broadcast: int = 0>; T: floats int32 int64 uint32 uint64
      7: <>
      13: T + bfloat16
      14: T + uint8 int8 uint16 int16
      """)
  package static let traits = Traits(isCommutative: true)
  package let function = BinaryFunction.multiply

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .free(inputs: [0, 1]) }
}

extension Mul {
  package var gradient: Gradient { .pairwise { g, a, b, _ in (g * b, g * a) } }
}

extension Mul {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(Microsoft.QLinearMul.schema.op, .resultLast)
  }
}
