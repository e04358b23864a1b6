package import IR
package import Kernels

/// Long short-term memories over a sequence (https://onnx.ai/onnx/operators/onnx__LSTM.html).
package struct LSTM: Recurrent {
  package static let schema = Schema("LSTM", inputs: 3...8, outputs: 0...3)
  package let cell: Recurrence.Cell
  package let settings: RecurrentSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RecurrentSettings(node, opset: opset, defaults: [.sigmoid, .tanh, .tanh])
    cell = .lstm(couplesForget: try node.flag("input_forget"))
  }

  package static func attributeDefaults(opset: Int) -> [String: AttributeValue] {
    RecurrentSettings.defaults(opset: opset).adding(["input_forget": .int(0)])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .noIntegerKernel("LSTM") }
}
