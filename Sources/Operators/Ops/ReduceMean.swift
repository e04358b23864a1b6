package import IR
package import Kernels

/// The average over axes (https://onnx.ai/onnx/operators/onnx__ReduceMean.html).
package struct ReduceMean: Reduction {
  package static let schema = Schema("ReduceMean", opsets: 1...26, inputs: 1...2)
  package let function = ReduceFunction.mean
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("ReduceMean")
  }
}
