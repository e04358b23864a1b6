/// An expression over named dimensions, kept in a canonical form so that equal expressions compare
/// equal: a sum of terms, each an integer times a product of factors, over a common denominator.
///
/// `floor((H - 1) / 2) + 1` is the sum of a floor factor and the constant 1. Every named dimension
/// is taken to be at least 1, which is what lets `max(1, N)` be `N`. Lengths of axes are integers;
/// fractions occur where a graph computes lengths in floats.
public struct SymbolicExpression: Hashable, Sendable {
  /// What a term multiplies: a named dimension or a function of expressions. Always an integer.
  package indirect enum Factor: Hashable, Sendable {
    case symbol(String)
    case floor(SymbolicExpression, divisor: SymbolicExpression)
    /// Of two or more expressions, sorted by their text.
    case maximum([SymbolicExpression])
    case minimum([SymbolicExpression])
  }

  /// A product of factors, sorted by their text, repeated for powers. Empty for a constant.
  package typealias Product = [Factor]

  /// Numerators by product; none is zero.
  package let terms: [Product: Int]
  /// What all terms are divided by: positive, and without a divisor common to all of them.
  package let denominator: Int
  /// The number of names, operations and terms, for limits.
  package let weight: Int

  package init(terms: [Product: Int], denominator: Int = 1) {
    var terms = terms
    var denominator = denominator
    if terms.values.contains(0) { terms = terms.filter { $0.value != 0 } }
    if denominator != 1 {
      let common = terms.values.reduce(denominator) { greatestCommonDivisor($0, $1) }
      if common > 1 {
        terms = terms.mapValues { $0 / common }
        denominator /= common
      }
    }
    self.terms = terms
    self.denominator = denominator
    weight = terms.keys.reduce(1) { sum, product in
      product.reduce(sum + 1) { $0 + $1.weight }
    }
  }

  /// A constant.
  public init(_ value: Int) { self.init(terms: value == 0 ? [:] : [[]: value]) }

  /// A named dimension such as `batch`.
  public init(symbol: String) { self.init(terms: [[.symbol(symbol)]: 1]) }

  package init(_ factor: Factor) { self.init(terms: [[factor]: 1]) }

  /// The value, when the expression is an integer constant.
  public var constant: Int? {
    guard denominator == 1 else { return nil }
    if terms.isEmpty { return 0 }
    return terms.count == 1 ? terms[[]] : nil
  }

  /// Whether the value is an integer whatever the names stand for, as far as its form tells.
  package var isIntegral: Bool { denominator == 1 }

  /// The name, when the expression is one bare symbol.
  public var symbol: String? {
    guard terms.count == 1, denominator == 1, let (product, coefficient) = terms.first,
      coefficient == 1, product.count == 1, case .symbol(let name) = product[0]
    else { return nil }
    return name
  }

  /// The names that occur anywhere in the expression.
  public var symbols: Set<String> {
    var names: Set<String> = []
    for factor in terms.keys.joined() {
      if case .symbol(let name) = factor {
        names.insert(name)
      } else {
        for operand in factor.operands { names.formUnion(operand.symbols) }
      }
    }
    return names
  }

  package static func + (a: Self, b: Self) -> Self {
    let (p, q) = (a.denominator, b.denominator)
    let common = p == q ? p : p.clampingMultiply(q / greatestCommonDivisor(p, q))
    var terms = p == common ? a.terms : a.terms.mapValues { $0.clampingMultiply(common / p) }
    for (product, coefficient) in b.terms {
      let scaled = q == common ? coefficient : coefficient.clampingMultiply(common / q)
      terms[product] = (terms[product] ?? 0).clampingAdd(scaled)
    }
    return Self(terms: terms, denominator: common)
  }

  package static func * (a: Self, b: Self) -> Self {
    let denominator = a.denominator.clampingMultiply(b.denominator)
    if a.terms.count == 1, let factor = a.terms[[]] { return b.scaled(factor, over: denominator) }
    if b.terms.count == 1, let factor = b.terms[[]] { return a.scaled(factor, over: denominator) }
    var terms: [Product: Int] = [:]
    for (p, m) in a.terms {
      for (q, n) in b.terms {
        let product = p.isEmpty ? q : q.isEmpty ? p : (p + q).sorted { $0.precedes($1) }
        terms[product] = (terms[product] ?? 0).clampingAdd(m.clampingMultiply(n))
      }
    }
    return Self(terms: terms, denominator: denominator)
  }

  private func scaled(_ factor: Int, over denominator: Int) -> Self {
    Self(terms: terms.mapValues { $0.clampingMultiply(factor) }, denominator: denominator)
  }

  package static func - (a: Self, b: Self) -> Self { a + b * Self(-1) }

  /// Whether the two have different values for some lengths; false where a few of them tell nothing.
  package func differs(from other: Self) -> Bool {
    let names = symbols.union(other.symbols).sorted()
    // Lengths without a common divisor, so that what is equal is so by its form.
    for first in [2, 48, 3, 35, 64] {
      let lengths = names.enumerated().map { ($1, first + 64 * $0) }
      let bindings = Dictionary(uniqueKeysWithValues: lengths)
      guard let a = evaluated(bindings), let b = other.evaluated(bindings) else { continue }
      if a != b { return true }
    }
    return false
  }

  /// The value with every symbol replaced, or nil when one is missing or a divisor is zero.
  public func evaluated(_ bindings: [String: Int]) -> Int? { substituting(bindings)?.constant }

  /// The expression with the given symbols replaced by numbers, or nil on division by zero.
  public func substituting(_ bindings: [String: Int]) -> SymbolicExpression? {
    var sum = Self(0)
    for (product, coefficient) in terms {
      var term = Self(terms: [[]: coefficient], denominator: denominator)
      for factor in product {
        guard let value = factor.substituting(bindings) else { return nil }
        term = term * value
      }
      sum = sum + term
    }
    return sum
  }
}

extension SymbolicExpression.Factor {
  /// The expressions that the factor is a function of.
  fileprivate var operands: [SymbolicExpression] {
    switch self {
    case .symbol: []
    case .floor(let a, let divisor): [a, divisor]
    case .maximum(let operands), .minimum(let operands): operands
    }
  }

  fileprivate var weight: Int { operands.reduce(1) { $0 + $1.weight } }

  /// The order of factors in a product: by their text.
  fileprivate func precedes(_ other: Self) -> Bool {
    if case .symbol(let a) = self, case .symbol(let b) = other { return a < b }
    return description < other.description
  }

  fileprivate func substituting(_ bindings: [String: Int]) -> SymbolicExpression? {
    if case .symbol(let name) = self {
      return bindings[name].map { SymbolicExpression($0) } ?? SymbolicExpression(symbol: name)
    }
    var values: [SymbolicExpression] = []
    for operand in operands {
      guard let value = operand.substituting(bindings) else { return nil }
      values.append(value)
    }
    switch self {
    case .symbol: return nil
    case .floor: return .floorDivide(values[0], by: values[1])
    case .maximum: return Self.fold(values, SymbolicExpression.maximum)
    case .minimum: return Self.fold(values, SymbolicExpression.minimum)
    }
  }

  private static func fold(
    _ values: [SymbolicExpression],
    _ combine: (SymbolicExpression, SymbolicExpression) -> SymbolicExpression?
  ) -> SymbolicExpression? {
    values.dropFirst().reduce(values.first) { result, next in
      result.flatMap { combine($0, next) }
    }
  }
}

/// The greatest common divisor of the magnitudes, at least 1.
func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  var (x, y) = (a.magnitude, b.magnitude)
  while y != 0 { (x, y) = (y, x % y) }
  return max(1, Int(clamping: x))
}

extension Int {
  func clampingAdd(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }

  func clampingMultiply(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
  }
}
