package import IR

/// `eˣ / Σeˣ` along an axis (https://onnx.ai/onnx/operators/onnx__Softmax.html).
package struct Softmax: SoftmaxFamily {
  package static let schema = Schema("Softmax", opsets: 1...26, inputs: 1...1)
  package static let isLogarithm = false
  package let axis: Int
  package let flattens: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    flattens = opset < 13
    axis = try node.int("axis", default: flattens ? 1 : -1)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .bounded(inputs: [0], range: 0...1)
  }
}
