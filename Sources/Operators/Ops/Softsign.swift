package import IR
package import Kernels

/// `x / (1 + |x|)` (https://onnx.ai/onnx/operators/onnx__Softsign.html).
package struct Softsign: UnaryElementwise {
  package static let schema = Schema("Softsign", opsets: 1...26, inputs: 1...1)
  package let function = UnaryFunction.softsign

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Softsign")
  }
}
