internal import IR

/// Gelu: `x·(1 + erf(x/√2))/2`, and with `tanh(√(2/π)·(x + 0.044715·x³))` for erf. The cube is
/// factored as well: `x·√(2/π)·(1 + 0.044715·x²)`.
extension Spellings {
  package static let exactGelu = Spelling(
    "Gelu", half(.op("Erf", .quotient(x, 1.414_213_562_373_095))))

  package static let gelu: [Spelling] = [
    exactGelu,
    Spelling("Gelu", approximateGelu) { _ in
      [Attribute("approximate", .string(Array("tanh".utf8)))]
    },
  ]

  /// `x·y/2` with `y = 1 + gate`, whatever the order of the product.
  private static func half(_ gate: Pattern) -> Pattern {
    let sum = Pattern.op("Add", gate, .number(1))
    return .either([
      .quotient(.op("Mul", x, sum), 2), .op("Mul", .quotient(x, 2), sum),
      .op("Mul", x, .quotient(sum, 2)),
    ])
  }

  private static let approximateGelu: Pattern = {
    let root = 0.797_884_560_802_865_4
    let cube = Pattern.either([.op("Pow", x, .number(3)), .op("Mul", x, .square("x"))])
    let sum = Pattern.op("Add", x, .op("Mul", cube, .number(0.044715)))
    let factored = Pattern.op("Add", .op("Mul", .square("x"), .number(0.044715)), .number(1))
    return half(
      .op(
        "Tanh",
        .either([
          .op("Mul", sum, .number(root)), .op("Mul", .op("Mul", x, .number(root)), factored),
          .op("Mul", x, .op("Mul", factored, .number(root))),
          .op("Mul", .op("Mul", x, factored), .number(root)),
        ])))
  }()
}
