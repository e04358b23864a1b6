/// What an operator does to numbers that stand for others by a scale and a zero-point, whatever a runtime
/// makes of it.
package enum QuantizationForm: Sendable {
  /// Linear in a weight, which is quantized beforehand.
  case linear(LinearForm)
  /// A product of two activations.
  case product(inputs: [Int])
  /// Every listed input and the output stand for numbers by parameters of their own; `manner` tells
  /// apart what the operator does by its attributes.
  case free(inputs: [Int], manner: String? = nil)
  /// As `free`, and the output's range is known beforehand. Without inputs the output is the same
  /// number whatever these are.
  case bounded(inputs: [Int], range: ClosedRange<Float>)
  /// Moves or selects elements: inputs and all outputs share scale and zero-point.
  case shared(inputs: [Int])
  /// Clamps to a range, as the output's range can do alone.
  case clamp(ClosedRange<Float>)
  /// Has no numbers that could be quantized, for the reason given.
  case float(reason: String)
}
