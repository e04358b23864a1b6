package import IR
package import Kernels

/// The arc tangent, in radians (https://onnx.ai/onnx/operators/onnx__Atan.html).
package struct Atan: UnaryElementwise {
  package static let schema = Schema("Atan", opsets: 7...26, inputs: 1...1)
  package let function = UnaryFunction.atan

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .noIntegerKernel("Atan") }
}
