internal import IR

/// HardSigmoid: `min(max(x + b, 0), 6)/6 = min(max(x/6 + b/6, 0), 1)`, and `min(max(αx + β, 0), 1)` as
/// it stands.
extension Spellings {
  package static let hardSigmoid: [Spelling] = [
    Spelling(
      "HardSigmoid", .quotient(.clamp(0, 6, .op("Add", x, .scalar("shift"))), 6)
    ) { slopeAndShift(1.0 / 6, ($0.numbers["shift"] ?? 0) / 6) },
    Spelling(
      "HardSigmoid",
      .clamp(0, 1, .op("Add", .op("Mul", x, .scalar("slope")), .scalar("shift")))
    ) { slopeAndShift($0.numbers["slope"] ?? 0, $0.numbers["shift"] ?? 0) },
  ]

  private static func slopeAndShift(_ alpha: Double, _ beta: Double) -> [Attribute] {
    [Attribute("alpha", .float(Float(alpha))), Attribute("beta", .float(Float(beta)))]
  }
}
