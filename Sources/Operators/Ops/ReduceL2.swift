package import IR
package import Kernels

/// The root of the sum of squares over axes (https://onnx.ai/onnx/operators/onnx__ReduceL2.html).
package struct ReduceL2: Reduction {
  package static let schema = Schema("ReduceL2", opsets: 1...26, inputs: 1...2)
  package let function = ReduceFunction.l2
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("ReduceL2")
  }
}
