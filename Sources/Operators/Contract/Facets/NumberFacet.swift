/// What an operator does to the numbers it is given, as mathematics.
package protocol NumberFacet {
  /// How the operator is linear in one of its inputs; nil for those that are not, and for products of
  /// two activations. Nil by default.
  func linear(_ inputs: Inputs) -> LinearForm?

  /// What the operator does to numbers of 8 bits. What a runtime makes of it stands in that runtime's
  /// table (`QuantizationTarget`). Linear in its weight or, by default, free.
  func quantization(_ inputs: Inputs) -> QuantizationForm

  /// What an operator on integers does to the numbers that these stand for; nil for other operators.
  /// Nil by default.
  func numbers(_ inputs: Inputs) -> NumberForm?
}

extension NumberFacet {
  package func linear(_ inputs: Inputs) -> LinearForm? { nil }
  package func numbers(_ inputs: Inputs) -> NumberForm? { nil }
  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    if let form = linear(inputs), form.kind != .scaling { return .linear(form) }
    return .free(inputs: Array(0..<inputs.count))
  }
}
