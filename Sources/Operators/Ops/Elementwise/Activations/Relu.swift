package import IR
package import Kernels

/// `max(x, 0)` (https://onnx.ai/onnx/operators/onnx__Relu.html).
package struct Relu: UnaryElementwise {
  package static let schema = Schema(
    "Relu", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats
      13: T + bfloat16
      14: T + signed
      """)
  package let function = UnaryFunction.relu

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .clamp(0...Float.infinity) }
}

extension Relu {
  package var gradient: Gradient { .elementwiseOfResult { g, y in y.isAbove(0).select(g) } }
}
