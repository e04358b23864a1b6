package import IR
package import Kernels

/// The nearest integer, half to even (https://onnx.ai/onnx/operators/onnx__Round.html).
package struct Round: UnaryElementwise {
  package static let schema = Schema("Round", opsets: 11...26, inputs: 1...1)
  package let function = UnaryFunction.round

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Round")
  }
}
