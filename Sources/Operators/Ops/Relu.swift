package import IR
package import Kernels

/// `max(x, 0)` (https://onnx.ai/onnx/operators/onnx__Relu.html).
package struct Relu: UnaryElementwise {
  package static let schema = Schema("Relu", opsets: 1...26, inputs: 1...1)
  package let function = UnaryFunction.relu

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .clamp(0...Float.infinity) }
}
