package import IR

extension Microsoft {
  /// DequantizeLinear as ONNX Runtime had it before the standard knew 16-bit integers.
  package struct DequantizeLinear: LinearQuantization {
    package static let schema = Schema(
      "DequantizeLinear", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T1, T2, T1?) -> T2; <axis: int>; T1: int8 uint8 int16 uint16 int32 int4 uint4; T2:
          float16 float
        """)
    package static let traits = quantizationTraits.with(quantizedInputs: [0])
    package static let quantizes = false
    package let settings: LinearQuantizationSettings

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      settings = try LinearQuantizationSettings(node, opset: 21)
    }

    /// Kept in the file: the integers are what makes the weight small.
    package var isFoldable: Bool { false }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      try checkParameters(inputs)
      return [Inferred(inputs.elementType(1), inputs.shape(0))]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      try dequantize(context)
    }
  }
}

extension Microsoft.DequantizeLinear {
  package var gradient: Gradient { dequantizedBack }
}
