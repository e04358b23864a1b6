/// How a runtime runs a node in INT8: its operator's form, as far as the runtime's table allows it.
package enum QuantizationRule: Sendable {
  /// Activation times constant weight: weight per channel along `axis`, bias (an input) as int32
  /// with scale s_x·s_w. `perChannel` is false where only one scale for the weight is allowed.
  case weighted(activation: Int, weight: Int, axis: Int, bias: Int?, perChannel: Bool)
  /// Both operands are activations (MatMul of two activations).
  case product(inputs: [Int])
  /// Every listed input and the output are 8-bit, each with its own parameters.
  case free(inputs: [Int])
  /// As `free`, and the output's range is known beforehand.
  case bounded(inputs: [Int], range: ClosedRange<Float>)
  /// Moves or selects elements: input and all outputs share scale and zero-point.
  case shared(inputs: [Int])
  /// Clamps (Relu, Clip): vanishes into the operator before it when the output's range does the
  /// clamping; `range` is what it clamps to.
  case clamp(ClosedRange<Float>)
  /// Stays in float, with the reason for the report.
  case float(reason: String)
}
