package import IR
package import Kernels

/// Long short-term memories over a sequence (https://onnx.ai/onnx/operators/onnx__LSTM.html).
package struct LSTM: Recurrent {
  package static let schema = Schema(
    "LSTM",
    signature: """
      1: (T, T, T, T?, T1?, T?, T?, T?) -> (T?, T?, T?); <activation_alpha: floats,
        activation_beta: floats, activations: strings, clip: float,
        direction: string = forward, hidden_size: int, input_forget: int = 0,
        output_sequence: int = 0>; T: floats; T1: int32
      7: <activation_alpha: floats, activation_beta: floats, activations: strings, clip: float,
        direction: string = forward, hidden_size: int, input_forget: int = 0>
      14: <activation_alpha: floats, activation_beta: floats, activations: strings,
        clip: float, direction: string = forward, hidden_size: int, input_forget: int = 0,
        layout: int = 0>
      22: T + bfloat16
      """)
  package let cell: Recurrence.Cell
  package let settings: RecurrentSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RecurrentSettings(node, opset: opset, defaults: [.sigmoid, .tanh, .tanh])
    cell = .lstm(couplesForget: try node.flag("input_forget"))
  }
}

extension LSTM {
  package static let revisions: [Revision] = [
    .additive(14)
  ]
}
