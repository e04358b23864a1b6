package import IR
package import Kernels

/// `x · tanh(ln(1 + eˣ))` (https://onnx.ai/onnx/operators/onnx__Mish.html).
package struct Mish: UnaryElementwise {
  package static let schema = Schema("Mish", opsets: 18...26, inputs: 1...1)
  package let function = UnaryFunction.mish

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Mish")
  }
}
