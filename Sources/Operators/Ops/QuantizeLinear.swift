package import IR

/// `saturate(round(x / scale) + zeroPoint)`, half to even; small floats are rounded and have no
/// zero-point (https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html).
package struct QuantizeLinear: LinearQuantization {
  package static let schema = Schema("QuantizeLinear", opsets: 10...26, inputs: 2...3)
  package let settings: LinearQuantizationSettings

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
