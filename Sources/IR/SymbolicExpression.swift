/// An integer expression over named dimensions, kept in a canonical form so that equal expressions
/// compare equal: a sum of terms, each an integer times a product of factors.
///
/// `floor((H - 1) / 2) + 1` is the sum of a floor factor and the constant 1.
public struct SymbolicExpression: Hashable, Sendable {
  /// What a term multiplies: a named dimension or the floor of a quotient.
  package indirect enum Factor: Hashable, Sendable {
    case symbol(String)
    case floor(SymbolicExpression, divisor: SymbolicExpression)
    case maximum(SymbolicExpression, SymbolicExpression)
    case minimum(SymbolicExpression, SymbolicExpression)
  }

  /// A product of factors, sorted by their text, repeated for powers. Empty for a constant.
  package typealias Product = [Factor]

  /// Coefficients by product; no coefficient is zero.
  package private(set) var terms: [Product: Int]

  private init(terms: [Product: Int]) { self.terms = terms.filter { $0.value != 0 } }

  /// A constant.
  public init(_ value: Int) { self.init(terms: [[]: value]) }

  /// A named dimension such as `batch`.
  public init(symbol: String) { self.init(terms: [[.symbol(symbol)]: 1]) }

  private init(_ factor: Factor) { self.init(terms: [[factor]: 1]) }

  /// The value, when the expression is a constant.
  public var constant: Int? {
    if terms.isEmpty { return 0 }
    return terms.count == 1 ? terms[[]] : nil
  }

  /// The name, when the expression is one bare symbol.
  public var symbol: String? {
    guard terms.count == 1, let (product, coefficient) = terms.first, coefficient == 1,
      product.count == 1, case .symbol(let name) = product[0]
    else { return nil }
    return name
  }

  /// The names that occur anywhere in the expression.
  public var symbols: Set<String> {
    var names: Set<String> = []
    for factor in terms.keys.joined() {
      switch factor {
      case .symbol(let name): names.insert(name)
      case .floor(let a, let b), .maximum(let a, let b), .minimum(let a, let b):
        names.formUnion(a.symbols.union(b.symbols))
      }
    }
    return names
  }

  package static func + (a: Self, b: Self) -> Self {
    var terms = a.terms
    for (product, coefficient) in b.terms {
      terms[product] = (terms[product] ?? 0).clampingAdd(coefficient)
    }
    return Self(terms: terms)
  }

  package static func * (a: Self, b: Self) -> Self {
    var terms: [Product: Int] = [:]
    for (p, m) in a.terms {
      for (q, n) in b.terms {
        let product = (p + q).sorted { $0.description < $1.description }
        terms[product] = (terms[product] ?? 0).clampingAdd(m.clampingMultiply(n))
      }
    }
    return Self(terms: terms)
  }

  package static func - (a: Self, b: Self) -> Self { a + b * Self(-1) }

  /// `floor(a / b)`. Exact quotients are divided term by term.
  package static func floorDivide(_ a: Self, by b: Self) -> Self? {
    if let divisor = b.constant {
      guard divisor != 0, divisor != -1 || a.constant != Int.min else { return nil }
      if let value = a.constant {
        let quotient = value / divisor
        return Self(value % divisor != 0 && (value < 0) != (divisor < 0) ? quotient - 1 : quotient)
      }
      guard divisor > 0 else { return Self(.floor(a, divisor: b)) }
      // Terms that divide exactly leave the floor: floor((k*d*x + r) / d) = k*x + floor(r / d).
      let whole = a.terms.filter { $0.value % divisor == 0 }
      let rest = Self(terms: a.terms.filter { $0.value % divisor != 0 })
      let out = Self(terms: whole.mapValues { $0 / divisor })
      if let constant = rest.constant {
        return out + (floorDivide(Self(constant), by: b) ?? Self(0))
      }
      return out + Self(.floor(rest, divisor: b))
    }
    if a == b { return Self(1) }
    if let quotient = a.exactQuotient(by: b) { return quotient }
    return Self(.floor(a, divisor: b))
  }

  /// `self / other` when `other` is a single term that divides every term.
  private func exactQuotient(by other: Self) -> Self? {
    guard other.terms.count == 1, let (divisor, scale) = other.terms.first else { return nil }
    var out: [Product: Int] = [:]
    for (product, coefficient) in terms {
      guard coefficient % scale == 0 else { return nil }
      var rest = product
      for factor in divisor {
        guard let index = rest.firstIndex(of: factor) else { return nil }
        rest.remove(at: index)
      }
      out[rest] = coefficient / scale
    }
    return Self(terms: out)
  }

  package static func maximum(_ a: Self, _ b: Self) -> Self {
    if a == b { return a }
    if let difference = (a - b).constant { return difference >= 0 ? a : b }
    return Self(.maximum(min(a, b), max(a, b)))
  }

  package static func minimum(_ a: Self, _ b: Self) -> Self {
    if a == b { return a }
    if let difference = (a - b).constant { return difference >= 0 ? b : a }
    return Self(.minimum(min(a, b), max(a, b)))
  }

  private static func min(_ a: Self, _ b: Self) -> Self { a.description < b.description ? a : b }
  private static func max(_ a: Self, _ b: Self) -> Self { a.description < b.description ? b : a }

  /// The value with every symbol replaced, or nil when one is missing or a divisor is zero.
  public func evaluated(_ bindings: [String: Int]) -> Int? { substituting(bindings)?.constant }

  /// The expression with the given symbols replaced by numbers, or nil on division by zero.
  public func substituting(_ bindings: [String: Int]) -> SymbolicExpression? {
    var sum = Self(0)
    for (product, coefficient) in terms {
      var term = Self(coefficient)
      for factor in product {
        switch factor {
        case .symbol(let name):
          term = term * (bindings[name].map { Self($0) } ?? Self(symbol: name))
        case .floor(let a, let b):
          guard let x = a.substituting(bindings), let y = b.substituting(bindings),
            let quotient = Self.floorDivide(x, by: y)
          else { return nil }
          term = term * quotient
        case .maximum(let a, let b):
          guard let x = a.substituting(bindings), let y = b.substituting(bindings) else {
            return nil
          }
          term = term * Self.maximum(x, y)
        case .minimum(let a, let b):
          guard let x = a.substituting(bindings), let y = b.substituting(bindings) else {
            return nil
          }
          term = term * Self.minimum(x, y)
        }
      }
      sum = sum + term
    }
    return sum
  }
}

extension SymbolicExpression.Factor: CustomStringConvertible {
  package var description: String {
    switch self {
    case .symbol(let name): name
    case .floor(let a, let divisor): "floor(\(a.text(over: divisor)))"
    case .maximum(let a, let b): "max(\(a), \(b))"
    case .minimum(let a, let b): "min(\(a), \(b))"
    }
  }
}

extension SymbolicExpression: CustomStringConvertible {
  /// Terms by falling degree, then by name, the constant last: `2*P + S - 2`.
  public var description: String { text(over: Self(1)) }

  fileprivate func text(over divisor: Self) -> String {
    let suffix: String
    switch divisor.constant {
    case 1: suffix = ""
    case .some(let value): suffix = "/\(value)"
    case nil: return "(\(self))/(\(divisor))"
    }
    let named = terms.map { (product: $0.key, coefficient: $0.value, name: Self.name($0.key)) }
      .sorted { ($1.product.count, $0.name) < ($0.product.count, $1.name) }
    var text = ""
    for (product, coefficient, name) in named {
      let magnitude = coefficient.magnitude
      if text.isEmpty {
        text += coefficient < 0 ? "-" : ""
      } else {
        text += coefficient < 0 ? " - " : " + "
      }
      if product.isEmpty {
        text += "\(magnitude)"
      } else {
        text += magnitude == 1 ? name : "\(magnitude)*\(name)"
      }
      text += suffix
    }
    return text.isEmpty ? "0" : text
  }

  private static func name(_ product: Product) -> String {
    product.map(\.description).joined(separator: "*")
  }
}

extension Int {
  fileprivate func clampingAdd(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }

  fileprivate func clampingMultiply(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
  }
}
