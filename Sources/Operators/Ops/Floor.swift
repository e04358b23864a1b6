package import IR
package import Kernels

/// The next integer downwards (https://onnx.ai/onnx/operators/onnx__Floor.html).
package struct Floor: UnaryElementwise {
  package static let schema = Schema("Floor", opsets: 1...26, inputs: 1...1)
  package let function = UnaryFunction.floor

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .noIntegerKernel("Floor")
  }
}
