package import IR
package import Kernels

/// Gated recurrent units over a sequence (https://onnx.ai/onnx/operators/onnx__GRU.html).
package struct GRU: Recurrent {
  package static let schema = Schema("GRU", inputs: 3...6, outputs: 0...2)
  package let cell: Recurrence.Cell
  package let settings: RecurrentSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RecurrentSettings(node, opset: opset, defaults: [.sigmoid, .tanh])
    cell = .gru(resetsAfter: try node.flag("linear_before_reset"))
  }

  package static func attributeDefaults(opset: Int) -> [String: AttributeValue] {
    RecurrentSettings.defaults(opset: opset).adding(["linear_before_reset": .int(0)])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule { .noIntegerKernel("GRU") }
}
