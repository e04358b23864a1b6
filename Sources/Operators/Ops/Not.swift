package import IR
package import Kernels

/// Logical negation (https://onnx.ai/onnx/operators/onnx__Not.html).
package struct Not: UnaryElementwise {
  package static let schema = Schema("Not", opsets: 1...26, inputs: 1...1)
  package let function = UnaryFunction.not

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Not")
  }
}
