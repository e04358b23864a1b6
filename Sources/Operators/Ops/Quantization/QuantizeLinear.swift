package import IR

/// `saturate(round(x / scale) + zeroPoint)`, half to even; small floats are rounded and have no
/// zero-point (https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html).
package struct QuantizeLinear: LinearQuantization {
  package static let schema = Schema(
    "QuantizeLinear", opsets: 10...28,
    signature: """
      10: (T1, float, T2?) -> T2; T1: float int32; T2: uint8 int8
      13: <axis: int = 1>
      19: (T1, T1, T2?) -> T2; <axis: int = 1, saturate: int = 1>; T1 + float16 bfloat16;
        T2 + float8
      21: <axis: int = 1, block_size: int = 0, output_dtype: int = 0, saturate: int = 1>;
        T2 + int4s uint16 int16
      23: (T1, T2, T3?) -> T3; <axis: int = 1, block_size: int = 0, output_dtype: int = 0,
        precision: int = 0, saturate: int = 1>; T2: float int32 float16 bfloat16;
        T3: float8 int4s uint8 int8 uint16 int16 float4e2m1
      24: T2 + float8e8m0
      25: T3 + int2s
      28: T3 + float6
      """)
  package static let traits = quantizationTraits.with(quantizedOutputs: [0])
  package static let quantizes = true
  package let settings: LinearQuantizationSettings

  package var computation: Computation? { .quantization(settings) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try LinearQuantizationSettings(node, opset: opset)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try checkParameters(inputs)
    return [Inferred(outputType(zeroPoint: inputs.elementType(2)), inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    try quantize(context)
  }
}

extension QuantizeLinear {
  package var gradient: Gradient { quantizedBack }
}

extension QuantizeLinear {
  package static let revisions: [Revision] = [
    .scalarParameters, .additive(19), .additive(21), .additive(23), .additive(28),
  ]
}
