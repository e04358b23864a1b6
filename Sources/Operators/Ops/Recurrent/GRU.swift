package import IR
package import Kernels

/// Gated recurrent units over a sequence (https://onnx.ai/onnx/operators/onnx__GRU.html).
package struct GRU: Recurrent {
  package static let schema = Schema(
    "GRU",
    signature: """
      3: (T, T, T, T?, T1?, T?) -> (T?, T?); <activation_alpha: floats,
        activation_beta: floats, activations: strings, clip: float,
        direction: string = forward, hidden_size: int, linear_before_reset: int = 0,
        output_sequence: int = 0>; T: floats; T1: int32
      7: <activation_alpha: floats, activation_beta: floats, activations: strings, clip: float,
        direction: string = forward, hidden_size: int, linear_before_reset: int = 0>
      14: <activation_alpha: floats, activation_beta: floats, activations: strings,
        clip: float, direction: string = forward, hidden_size: int, layout: int = 0,
        linear_before_reset: int = 0>
      22: T + bfloat16
      """)
  package let cell: Recurrence.Cell
  package let settings: RecurrentSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RecurrentSettings(node, opset: opset, defaults: [.sigmoid, .tanh])
    cell = .gru(resetsAfter: try node.flag("linear_before_reset"))
  }
}

extension GRU {
  package static let revisions: [Revision] = [
    .additive(14)
  ]
}
