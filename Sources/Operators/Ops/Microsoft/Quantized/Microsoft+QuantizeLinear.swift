package import IR

extension Microsoft {
  /// QuantizeLinear as ONNX Runtime had it before the standard knew 16-bit integers.
  package struct QuantizeLinear: LinearQuantization {
    package static let schema = Schema(
      "QuantizeLinear", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T1, T1, T2?) -> T2; <axis: int>; T1: float16 float; T2: int8 uint8 int16 uint16 int4
          uint4
        """)
    package static let traits = quantizationTraits.with(quantizedOutputs: [0])
    package static let quantizes = true
    package let settings: LinearQuantizationSettings

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      settings = try LinearQuantizationSettings(node, opset: 21)
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      try checkParameters(inputs)
      return [Inferred(outputType(zeroPoint: inputs.elementType(2)), inputs.shape(0))]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      try quantize(context)
    }
  }
}

extension Microsoft.QuantizeLinear {
  package var gradient: Gradient { quantizedBack }
}
