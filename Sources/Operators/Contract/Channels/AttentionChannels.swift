import IR

/// Where the heads of an attention operator lie in its operands, and how many there are.
///
/// Removal takes whole heads, one of keys and values with all heads of queries that share it, or the
/// same elements of every head (pruning.md, rule 9).
package struct AttentionChannels: Sendable {
  /// How one operand holds its heads.
  package enum Place: Sendable {
    /// Side by side along one axis: head h has the `width` indices from start + h · width.
    case beside(Axis, start: Int, width: Int)
    /// Heads along one axis and, unless each has but one number, their elements along another.
    case apart(heads: Axis, elements: Axis?)
  }

  /// The number of heads of queries.
  package let queryHeads: Int
  /// The number of heads of keys and values.
  package let keyHeads: Int
  /// Operands with the elements that queries and keys are multiplied over: one head a query's.
  package var queries: [Place] = []
  /// The same with one head a key's.
  package var keys: [Place] = []
  /// Operands with the elements of values: one head a key's.
  package var values: [Place] = []
  /// Operands with the elements of results: one head a query's.
  package var outputs: [Place] = []
  /// Operands with one number a query's head: addends of scores, scores themselves.
  package var scores: [Place] = []
  /// Why single elements of heads cannot go; nil when they can.
  package var wholeHeadsOnly: String?

  package init(queryHeads: Int, keyHeads: Int) {
    self.queryHeads = queryHeads
    self.keyHeads = keyHeads
  }

  /// All operands, those of queries' heads and those of keys' heads.
  package var places: (ofQueries: [Place], ofKeys: [Place]) {
    (queries + outputs + scores, keys + values)
  }
}

extension AttentionChannels.Place {
  /// The axes that hold heads or elements.
  package var axes: [Axis] {
    switch self {
    case .beside(let axis, _, _): [axis]
    case .apart(let heads, let elements): [heads] + (elements.map { [$0] } ?? [])
    }
  }
}

extension Cut {
  /// How many heads, and how many elements of each, stay of an operand that held `count` heads.
  package func heads(
    _ place: AttentionChannels.Place, count: Int
  ) -> (heads: Int, width: Int) {
    switch place {
    case .beside(let axis, let start, let width):
      guard let kept = kept(axis.port, axis.axis), width > 0 else { return (count, width) }
      let own = kept.lazy.filter { (start..<start + count * width).contains($0) }
      let heads = Set(own.map { ($0 - start) / width }).count
      return (heads, heads == 0 ? 0 : own.count / heads)
    case .apart(let heads, let elements):
      let width = elements.flatMap { newShape($0.port)?.dimensions[safe: $0.axis]?.value } ?? 1
      return (newLength(heads.port, heads.axis) ?? count, width)
    }
  }

  /// The attribute that keeps the scale where it followed from a width that changed.
  package func scale(_ given: Float?, width: Int, was old: Int) -> [NodeEdit] {
    guard given == nil, width != old, old > 0 else { return [] }
    return [.attribute("scale", .float(Float(1 / Double(old).squareRoot())))]
  }
}
