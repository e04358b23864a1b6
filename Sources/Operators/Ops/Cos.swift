package import IR
package import Kernels

/// The cosine (https://onnx.ai/onnx/operators/onnx__Cos.html).
package struct Cos: UnaryElementwise {
  package static let schema = Schema("Cos", inputs: 1...1)
  package let function = UnaryFunction.cos

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Cos")
  }
}
