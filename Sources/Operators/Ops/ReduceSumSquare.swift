package import IR
package import Kernels

/// The sum of squares over axes (https://onnx.ai/onnx/operators/onnx__ReduceSumSquare.html).
package struct ReduceSumSquare: Reduction {
  package static let schema = Schema("ReduceSumSquare", opsets: 1...26, inputs: 1...2)
  package let function = ReduceFunction.sumSquare
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("ReduceSumSquare")
  }
}
