/// Quotients and floors of quotients, in canonical form.
extension SymbolicExpression {
  /// `floor(a / b)`; nil for a divisor of 0 and on overflow.
  ///
  /// What divides exactly leaves the floor, signs and constants are normalised, and nested floors
  /// become one: `floor((floor((H-1)/2) + 1 - 1)/2)` is `floor(H/4 - 1/4)`.
  package static func floorDivide(_ a: Self, by b: Self) -> Self? {
    if let quotient = divide(a, by: b) { return floor(quotient) }
    guard b.constant != 0, a.isIntegral, b.isIntegral else { return nil }
    if a.constant == 0 { return Self(0) }
    let (x, y) = cancelled(a, b)
    return Self(.floor(x, divisor: y))
  }

  /// `a / b` where that is a sum of terms over an integer: b a constant, or a divisor of a; else
  /// nil.
  package static func divide(_ a: Self, by b: Self) -> Self? {
    guard !b.terms.isEmpty else { return nil }
    var terms = a.terms
    var scale = b.terms[[]] ?? 0
    if b.terms.count > 1 || scale == 0 {
      if a == b { return Self(1) }
      // Integers that all terms of the divisor share go below, so that the rest divides exactly or
      // not at all.
      scale = b.terms.values.reduce(0) { greatestCommonDivisor($0, $1) }
      let primitive = b.terms.mapValues { $0 / scale }
      guard let quotient = exactQuotient(terms, primitive) else { return nil }
      terms = quotient
    }
    if scale < 0 {
      guard scale != .min else { return nil }
      scale = -scale
      terms = terms.mapValues { $0.clampingMultiply(-1) }
    }
    let (below, overflow) = a.denominator.multipliedReportingOverflow(by: scale)
    guard !overflow else { return nil }
    return Self(terms: terms.mapValues { $0.clampingMultiply(b.denominator) }, denominator: below)
  }

  /// The quotient of two polynomials when nothing remains: long division by leading terms.
  private static func exactQuotient(
    _ a: [Product: Int], _ b: [Product: Int]
  ) -> [Product: Int]? {
    guard let lead = leading(b), let divisor = b[lead] else { return nil }
    var rest = a
    var quotient: [Product: Int] = [:]
    while let top = leading(rest), let coefficient = rest[top] {
      guard quotient.count < 64, coefficient % divisor == 0, let factor = remove(lead, from: top)
      else { return nil }
      let scale = coefficient / divisor
      quotient[factor] = scale
      for (product, other) in b {
        let target = Self(terms: [factor: 1]) * Self(terms: [product: 1])
        guard let place = target.terms.first?.key else { return nil }
        let left = (rest[place] ?? 0).clampingAdd(other.clampingMultiply(-scale))
        rest[place] = left == 0 ? nil : left
      }
    }
    return quotient
  }

  /// The term of highest degree, the last by text among equals.
  private static func leading(_ terms: [Product: Int]) -> Product? {
    terms.keys.max { a, b in
      if a.count != b.count { return a.count < b.count }
      return a.lexicographicallyPrecedes(b) { $0.description < $1.description }
    }
  }

  private static func remove(_ factors: Product, from product: Product) -> Product? {
    var rest = product
    for factor in factors {
      guard let index = rest.firstIndex(of: factor) else { return nil }
      rest.remove(at: index)
    }
    return rest
  }

  /// Both without the factors and integers that all their terms share.
  private static func cancelled(_ a: Self, _ b: Self) -> (Self, Self) {
    let all = Array(a.terms) + Array(b.terms)
    var shared: Product = []
    for factor in all[0].key {
      let candidate = shared + [factor]
      if all.allSatisfy({ remove(candidate, from: $0.key) != nil }) { shared = candidate }
    }
    let scale = all.reduce(0) { greatestCommonDivisor($0, $1.value) }
    func reduced(_ terms: [Product: Int]) -> Self {
      var out: [Product: Int] = [:]
      for (product, coefficient) in terms {
        out[remove(shared, from: product) ?? product] = coefficient / scale
      }
      return Self(terms: out)
    }
    return (reduced(a.terms), reduced(b.terms))
  }

  /// The largest integer that is not above the value; nil on overflow.
  package static func floor(_ a: Self) -> Self? {
    let divisor = a.denominator
    guard divisor > 1 else { return a }
    var whole: [Product: Int] = [:]
    var rest: [Product: Int] = [:]
    for (product, coefficient) in a.terms where !product.isEmpty {
      let (quotient, remainder) = coefficient.quotientAndRemainder(dividingBy: divisor)
      if quotient != 0 { whole[product] = quotient }
      if remainder != 0 { rest[product] = remainder }
    }
    let outside = Self(terms: whole)
    let constant = a.terms[[]] ?? 0
    if rest.isEmpty { return outside + Self(floorQuotient(constant, divisor)) }
    // floor(-x/d) is -floor((x + d - 1)/d): the first term counts up.
    if Self(terms: rest).orderedTerms[0].coefficient < 0 {
      let turned = constant.clampingMultiply(-1).clampingAdd(divisor - 1)
      guard let inside = reducedFloor(rest.mapValues { -$0 }, turned, divisor) else { return nil }
      return outside - inside
    }
    return reducedFloor(rest, constant, divisor).map { outside + $0 }
  }

  /// `floor((terms + constant) / divisor)` with every coefficient below the divisor.
  private static func reducedFloor(
    _ terms: [Product: Int], _ constant: Int, _ divisor: Int
  ) -> Self? {
    let common = terms.values.reduce(divisor) { greatestCommonDivisor($0, $1) }
    let terms = terms.mapValues { $0 / common }
    let (offset, below) = (floorQuotient(constant, common), divisor / common)
    if below == 1 { return Self(terms: terms) + Self(offset) }
    if terms.count == 1, let product = terms.keys.first, terms[product] == 1, product.count == 1,
      case .floor(let inner, let by) = product[0], let step = by.constant
    {
      let (total, overflow) = step.multipliedReportingOverflow(by: below)
      guard !overflow else { return nil }
      let sum = inner + Self(offset.clampingMultiply(step))
      return floor(Self(terms: sum.terms, denominator: total))
    }
    // The constant is brought into (-divisor, 0].
    let carried = -floorQuotient(offset.clampingMultiply(-1), below)
    let left = offset.clampingAdd(carried.clampingMultiply(-below))
    let inside = Self(terms: terms) + Self(left)
    return Self(.floor(inside, divisor: Self(below))) + Self(carried)
  }

  /// `floor(a / b)` for a positive divisor.
  static func floorQuotient(_ a: Int, _ b: Int) -> Int {
    let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
