package import IR
package import Kernels

extension Microsoft {
  /// Long short-term memory with weights of 8-bit integers, by which inputs and states are multiplied
  /// that are quantized to uint8 on the way, each over the range of all the sequences together
  /// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.DynamicQuantizeLSTM).
  ///
  /// Inputs: those of LSTM, weights as [directions, input, 4·hidden], then scale and zero-point of
  /// the inputs' weights and of the state's.
  package struct DynamicQuantizeLSTM: Recurrent {
    package static let schema = Schema(
      "DynamicQuantizeLSTM", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T2, T2, T?, T1?, T?, T?, T?, T, T2, T, T2) -> (T?, T?, T?);
          <activation_alpha: floats, activation_beta: floats, activations: strings, clip: float,
          direction: string = forward, hidden_size: int, input_forget: int = 0>; T: float;
          T1: int32; T2: uint8 int8
        """)
    package static let isQuantized = true
    package static let traits = Traits(
      auxiliaryInputs: [8, 9, 10, 11], quantizedInputs: [1, 2],
      zeroInputs: DynamicQuantizeLSTM.zeroInputs)
    package let cell: Recurrence.Cell
    package let settings: RecurrentSettings

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      settings = try RecurrentSettings(node, opset: opset, defaults: [.sigmoid, .tanh, .tanh])
      cell = .lstm(couplesForget: try node.flag("input_forget"))
    }

    package func numbers(_ inputs: Inputs) -> NumberForm? {
      let weights = [(1, 8), (2, 10)].map { slot, scale in
        NumberNode.Operand(
          slot: slot, scale: scale, zeroPoint: scale + 1, axes: [0, 2], isTransposed: true)
      }
      let others = (3..<8).map { NumberNode.Operand.plain($0) }
      return .node(NumberNode(LSTM.schema.op, [.plain(0)] + weights + others))
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      .barrier("the scale of a quantized state follows from all its units together")
    }
  }
}
