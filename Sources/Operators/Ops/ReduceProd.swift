package import IR
package import Kernels

/// The product over axes (https://onnx.ai/onnx/operators/onnx__ReduceProd.html).
package struct ReduceProd: Reduction {
  package static let schema = Schema("ReduceProd", opsets: 1...26, inputs: 1...2)
  package let function = ReduceFunction.product
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("ReduceProd")
  }
}
