package import IR

/// Strings as numbers, for operators that only move and compare elements: each string becomes its
/// rank in dictionary order among those of the operands, and ranks become strings again.
///
/// The empty string always has rank 0, so that elements which an operator clears are empty strings.
package struct StringRanks {
  private let texts: [[UInt8]]
  private let ranks: [[UInt8]: Int]

  /// Nil when no operand is a tensor of strings.
  package init?(_ operands: [Tensor?]) {
    var found: Set<[UInt8]> = [[]]
    var hasStrings = false
    for case .strings(let own)? in operands.map({ $0?.payload }) {
      hasStrings = true
      found.formUnion(own)
    }
    guard hasStrings else { return nil }
    texts = found.sorted { $0.lexicographicallyPrecedes($1) }
    ranks = Dictionary(uniqueKeysWithValues: texts.enumerated().map { ($1, $0) })
  }

  /// The ranks of a tensor of strings; any other tensor as it is.
  package func encode(_ tensor: Tensor) -> Tensor {
    guard case .strings(let own) = tensor.payload else { return tensor }
    return Tensor(int64: own.map { ranks[$0] ?? 0 }, tensor.dimensions)
  }

  /// The strings of ranks; nil for other integers.
  package func decode(_ tensor: Tensor) -> Tensor? {
    guard tensor.elementType == .int64, let values = tensor.integers else { return nil }
    let own = values.compactMap { texts[safe: $0] }
    return own.count == values.count ? Tensor(strings: own, tensor.dimensions) : nil
  }
}
