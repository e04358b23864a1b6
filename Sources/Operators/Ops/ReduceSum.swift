package import IR
package import Kernels

/// The sum over axes (https://onnx.ai/onnx/operators/onnx__ReduceSum.html).
package struct ReduceSum: Reduction {
  package static let schema = Schema("ReduceSum", opsets: 1...26, inputs: 1...2)
  package let function = ReduceFunction.sum
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 13)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("ReduceSum")
  }
}
