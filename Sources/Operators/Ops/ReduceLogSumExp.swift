package import IR
package import Kernels

/// `ln Σeˣ` over axes (https://onnx.ai/onnx/operators/onnx__ReduceLogSumExp.html).
package struct ReduceLogSumExp: Reduction {
  package static let schema = Schema("ReduceLogSumExp", opsets: 1...26, inputs: 1...2)
  package let function = ReduceFunction.logSumExp
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("ReduceLogSumExp")
  }
}
