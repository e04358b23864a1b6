/// What the operand of a step has to be for the step to stand for others: it shows in a run.
struct OperandCondition {
  /// The least rank; an operand of fewer axes would have got more by the constants of the spelling.
  var leastRank = 0
  /// Where all elements have to lie; nil for everywhere.
  var range: ClosedRange<Float>?

  /// Whether it holds for whatever a carrier of a chain gives out.
  var isMild: Bool { leastRank <= 1 && range == nil }
}
