package import IR
package import Kernels

/// `x · Φ(x)` as ONNX Runtime's own operator, for models below opset 20
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md).
package struct MicrosoftGelu: UnaryElementwise {
  package static let schema = Schema("Gelu", domain: "com.microsoft", opsets: 1...1, inputs: 1...1)
  package let function = UnaryFunction.gelu(tanh: false)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .noIntegerKernel("Gelu") }
}
