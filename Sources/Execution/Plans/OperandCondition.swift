/// What the operand of a step has to be for the step to stand for others: it shows in a run.
struct OperandCondition {
  /// The least rank; an operand of fewer axes would have got more by the constants of the spelling.
  var leastRank = 0
  /// Which axis has to be the last one; nil for any.
  var lastAxis: Int?
  /// Whether the squares along the last axis have to have a finite sum: where it is not, the spelling
  /// divides by infinity.
  var sumsSquares = false
  /// Where all elements have to lie; nil for everywhere.
  var range: ClosedRange<Float>?

  /// Whether it holds for whatever a carrier of a chain gives out.
  var isMild: Bool { leastRank <= 1 && asksRankAlone }

  /// Whether it says nothing but the least rank.
  var asksRankAlone: Bool { range == nil && lastAxis == nil && !sumsSquares }
}
