/// What is known of an expression's value when every name stands for at least 1.
extension SymbolicExpression {
  /// The least and the greatest value, rounded outwards; nil where there is none.
  typealias Bounds = (lower: Int?, upper: Int?)

  /// Whether the value cannot be negative, as far as bounds of its terms tell.
  package var isNonNegative: Bool {
    guard let lower = bounds.lower else { return false }
    return lower >= 0
  }

  var bounds: Bounds {
    var sum: Bounds = (0, 0)
    for (product, coefficient) in terms {
      let bounds = Self.bounds(product)
      let isUp = coefficient > 0
      let least = (isUp ? bounds.lower : bounds.upper).map { $0.clampingMultiply(coefficient) }
      let most = (isUp ? bounds.upper : bounds.lower).map { $0.clampingMultiply(coefficient) }
      sum.lower = Self.sum(sum.lower, least)
      sum.upper = Self.sum(sum.upper, most)
    }
    guard denominator > 1 else { return sum }
    return (
      sum.lower.map { ($0 - ($0 < 0 ? denominator - 1 : 0)) / denominator },
      sum.upper.map { $0 / denominator + 1 }
    )
  }

  private static func sum(_ a: Int?, _ b: Int?) -> Int? {
    guard let a, let b else { return nil }
    return a.clampingAdd(b)
  }

  private static func bounds(_ product: Product) -> Bounds {
    var result: Bounds = (1, 1)
    for factor in product {
      let bounds = factor.bounds
      // Products of what may be negative are not followed.
      guard let lower = bounds.lower, lower >= 0, let before = result.lower else {
        return (nil, nil)
      }
      result.lower = before.clampingMultiply(lower)
      if let upper = bounds.upper, let most = result.upper {
        result.upper = most.clampingMultiply(upper)
      } else {
        result.upper = nil
      }
    }
    return result
  }
}

extension SymbolicExpression.Factor {
  fileprivate var bounds: SymbolicExpression.Bounds {
    switch self {
    case .symbol: return (1, nil)
    case .floor(let a, let divisor):
      let bounds = a.bounds
      guard let by = divisor.constant else {
        let isPositive = (divisor.bounds.lower ?? 0) >= 1 && (bounds.lower ?? -1) >= 0
        return (isPositive ? 0 : nil, isPositive ? bounds.upper : nil)
      }
      return (
        bounds.lower.map { SymbolicExpression.floorQuotient($0, by) },
        bounds.upper.map { SymbolicExpression.floorQuotient($0, by) }
      )
    case .maximum(let operands):
      let bounds = operands.map(\.bounds)
      let all = bounds.compactMap(\.upper)
      return (bounds.compactMap(\.lower).max(), all.count == bounds.count ? all.max() : nil)
    case .minimum(let operands):
      let bounds = operands.map(\.bounds)
      let all = bounds.compactMap(\.lower)
      return (all.count == bounds.count ? all.min() : nil, bounds.compactMap(\.upper).min())
    }
  }
}
