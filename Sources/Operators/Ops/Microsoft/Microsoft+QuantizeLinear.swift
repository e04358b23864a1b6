package import IR

extension Microsoft {
  /// QuantizeLinear as ONNX Runtime had it before the standard knew 16-bit integers.
  package struct QuantizeLinear: LinearQuantization {
    package static let schema = Schema(
      "QuantizeLinear", domain: Microsoft.domain, opsets: 1...1, inputs: 2...3)
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
