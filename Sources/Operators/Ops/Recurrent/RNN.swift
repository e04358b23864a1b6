package import IR
package import Kernels

/// `h = f(W·x + R·h + b)` at each step of a sequence
/// (https://onnx.ai/onnx/operators/onnx__RNN.html).
package struct RNN: Recurrent {
  package static let schema = Schema(
    "RNN",
    signature: """
      1: (T, T, T, T?, T1?, T?) -> (T?, T?); <activation_alpha: floats,
        activation_beta: floats, activations: strings = Tanh Tanh, clip: float,
        direction: string = forward, hidden_size: int, output_sequence: int = 0>; T: floats;
        T1: int32
      7: <activation_alpha: floats, activation_beta: floats, activations: strings = Tanh Tanh,
        clip: float, direction: string = forward, hidden_size: int>
      14: <activation_alpha: floats, activation_beta: floats, activations: strings = Tanh Tanh,
        clip: float, direction: string = forward, hidden_size: int, layout: int = 0>
      22: T + bfloat16
      """)
  package let cell = Recurrence.Cell.plain
  package let settings: RecurrentSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RecurrentSettings(node, opset: opset, defaults: [.tanh])
  }
}

extension RNN {
  package static let revisions: [Revision] = [
    .additive(14)
  ]
}
