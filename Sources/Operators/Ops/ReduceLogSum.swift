package import IR
package import Kernels

/// The logarithm of the sum over axes (https://onnx.ai/onnx/operators/onnx__ReduceLogSum.html).
package struct ReduceLogSum: Reduction {
  package static let schema = Schema("ReduceLogSum", opsets: 1...26, inputs: 1...2)
  package let function = ReduceFunction.logSum
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("ReduceLogSum")
  }
}
