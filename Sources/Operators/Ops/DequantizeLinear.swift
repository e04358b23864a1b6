package import IR

/// `(x - zeroPoint) · scale` (https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html).
package struct DequantizeLinear: LinearQuantization {
  package static let schema = Schema("DequantizeLinear", opsets: 10...26, inputs: 2...3)
  package static let quantizedInputs: Set<Int> = [0]
  package let settings: LinearQuantizationSettings

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
