extension SymbolicExpression.Factor: CustomStringConvertible {
  package var description: String {
    switch self {
    case .symbol(let name): name
    case .floor(let a, let divisor): "floor(\(a.text(over: divisor)))"
    case .maximum(let operands): "max(\(Self.list(operands)))"
    case .minimum(let operands): "min(\(Self.list(operands)))"
    }
  }

  private static func list(_ operands: [SymbolicExpression]) -> String {
    operands.map(\.description).joined(separator: ", ")
  }
}

extension SymbolicExpression: CustomStringConvertible {
  /// Terms by falling degree, then by name, the constant last: `2*P + S - 2`.
  public var description: String { symbol ?? text(over: Self(1)) }

  /// Terms in the order in which they are written, with their products' text.
  package var orderedTerms: [(product: Product, coefficient: Int, name: String)] {
    terms.map { (product: $0.key, coefficient: $0.value, name: Self.name($0.key)) }
      .sorted { ($1.product.count, $0.name) < ($0.product.count, $1.name) }
  }

  fileprivate func text(over divisor: Self) -> String {
    guard let value = divisor.constant else { return "(\(self))/(\(divisor))" }
    let suffix = value.clampingMultiply(denominator)
    var text = ""
    for (product, numerator, name) in orderedTerms {
      let common = greatestCommonDivisor(numerator, suffix)
      let (coefficient, below) = (numerator / common, suffix / common)
      if text.isEmpty {
        text += coefficient < 0 ? "-" : ""
      } else {
        text += coefficient < 0 ? " - " : " + "
      }
      let magnitude = coefficient.magnitude
      if product.isEmpty {
        text += "\(magnitude)"
      } else {
        text += magnitude == 1 ? name : "\(magnitude)*\(name)"
      }
      if below != 1 { text += "/\(below)" }
    }
    return text.isEmpty ? "0" : text
  }

  private static func name(_ product: Product) -> String {
    product.map(\.description).joined(separator: "*")
  }
}
