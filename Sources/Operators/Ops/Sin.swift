package import IR
package import Kernels

/// The sine (https://onnx.ai/onnx/operators/onnx__Sin.html).
package struct Sin: UnaryElementwise {
  package static let schema = Schema("Sin", inputs: 1...1)
  package let function = UnaryFunction.sin

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Sin")
  }
}
