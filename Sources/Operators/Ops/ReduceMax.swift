package import IR
package import Kernels

/// The maximum over axes (https://onnx.ai/onnx/operators/onnx__ReduceMax.html).
package struct ReduceMax: Reduction {
  package static let schema = Schema("ReduceMax", opsets: 1...26, inputs: 1...2)
  package let function = ReduceFunction.maximum
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .shared(inputs: [0]) }
}
