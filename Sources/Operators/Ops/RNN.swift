package import IR
package import Kernels

/// `h = f(W·x + R·h + b)` at each step of a sequence
/// (https://onnx.ai/onnx/operators/onnx__RNN.html).
package struct RNN: Recurrent {
  package static let schema = Schema("RNN", inputs: 3...6, outputs: 0...2)
  package let cell = Recurrence.Cell.plain
  package let settings: RecurrentSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RecurrentSettings(node, opset: opset, defaults: [.tanh])
  }

  package static func attributeDefaults(opset: Int) -> [String: AttributeValue] {
    RecurrentSettings.defaults(opset: opset).adding([
      "activations": .strings([Array("Tanh".utf8), Array("Tanh".utf8)])
    ])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .noIntegerKernel("RNN") }
}
