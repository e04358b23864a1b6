package import IR
package import Kernels

/// The minimum over axes (https://onnx.ai/onnx/operators/onnx__ReduceMin.html).
package struct ReduceMin: Reduction {
  package static let schema = Schema("ReduceMin", opsets: 1...26, inputs: 1...2)
  package let function = ReduceFunction.minimum
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .shared(inputs: [0]) }
}
