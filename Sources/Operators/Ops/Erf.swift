package import IR
package import Kernels

/// The error function (https://onnx.ai/onnx/operators/onnx__Erf.html).
package struct Erf: UnaryElementwise {
  package static let schema = Schema("Erf", opsets: 9...26, inputs: 1...1)
  package let function = UnaryFunction.erf

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Erf")
  }
}
