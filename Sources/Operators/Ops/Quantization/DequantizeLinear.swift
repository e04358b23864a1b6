package import IR

/// `(x - zeroPoint) · scale` (https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html).
package struct DequantizeLinear: LinearQuantization {
  package static let schema = Schema(
    "DequantizeLinear", opsets: 10...28,
    signature: """
      10: (T, float, T?) -> float; T: uint8 int8 int32
      13: <axis: int = 1>
      19: (T1, T2, T1?) -> T2; T1: float8 uint8 int8 int32; T2: float float16 bfloat16
      21: <axis: int = 1, block_size: int = 0>; T1 + int4s uint16 int16
      23: (T1, T2, T1?) -> T3; <axis: int = 1, block_size: int = 0, output_dtype: int = 0>;
        T1 + float4e2m1; T3: float float16 bfloat16
      24: T2 + float8e8m0
      25: T1 + int2s
      28: T1 + float6
      """)
  package static let traits = quantizationTraits.with(quantizedInputs: [0])
  package static let quantizes = false
  package let settings: LinearQuantizationSettings

  package var computation: Computation? { .dequantization(settings) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try LinearQuantizationSettings(node, opset: opset)
  }

  /// Kept in the file: the integers are what makes the weight small.
  package var isFoldable: Bool { false }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try checkParameters(inputs)
    let type = settings.outputType == .undefined ? inputs.elementType(1) : settings.outputType
    return [Inferred(type, inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    try dequantize(context)
  }
}

extension DequantizeLinear {
  package var gradient: Gradient { dequantizedBack }
}

extension DequantizeLinear {
  package static let revisions: [Revision] = [
    .scalarParameters, .additive(19), .additive(21), .additive(23), .additive(28),
  ]
}
