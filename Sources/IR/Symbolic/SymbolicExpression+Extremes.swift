/// Maxima and minima, in canonical form: without operands that can never win.
extension SymbolicExpression {
  /// More operands than this are not kept.
  private static let operandLimit = 16

  /// The larger of two integers; nil for fractions and for too many operands.
  package static func maximum(_ a: Self, _ b: Self) -> Self? {
    let all = a.operandsOfMaximum + b.operandsOfMaximum
    return extreme(all, Factor.maximum) { ($0 - $1).isNonNegative }
  }

  /// The smaller of two integers; nil for fractions and for too many operands.
  package static func minimum(_ a: Self, _ b: Self) -> Self? {
    let all = a.operandsOfMinimum + b.operandsOfMinimum
    return extreme(all, Factor.minimum) { ($1 - $0).isNonNegative }
  }

  private static func extreme(
    _ operands: [Self], _ make: ([Self]) -> Factor, wins: (Self, Self) -> Bool
  ) -> Self? {
    guard operands.allSatisfy(\.isIntegral) else { return nil }
    var left: [Self] = []
    for candidate in operands where !left.contains(where: { wins($0, candidate) }) {
      left.removeAll { wins(candidate, $0) }
      left.append(candidate)
    }
    if left.count == 1 { return left[0] }
    guard left.count <= operandLimit else { return nil }
    let named = left.map { ($0, $0.description) }.sorted { $0.1 < $1.1 }
    return Self(make(named.map(\.0)))
  }

  private var operandsOfMaximum: [Self] {
    if case .maximum(let operands)? = onlyFactor { operands } else { [self] }
  }

  private var operandsOfMinimum: [Self] {
    if case .minimum(let operands)? = onlyFactor { operands } else { [self] }
  }

  /// The factor, when the expression is nothing else.
  private var onlyFactor: Factor? {
    guard denominator == 1, terms.count == 1, let product = terms.keys.first, product.count == 1,
      terms[product] == 1
    else { return nil }
    return product[0]
  }
}
