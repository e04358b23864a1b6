internal import Kernels

/// HardSwish: `x·HardSigmoid(x; 1/6, 1/2)`, or `x·min(max(x + 3, 0), 6)/6`, divided at any place.
extension Spellings {
  package static let hardSwish: [Spelling] = {
    let gate = Pattern.clamp(0, 6, .op("Add", x, .number(3)))
    return [
      Spelling(
        "HardSwish",
        .either([
          .op("Mul", x, .function(.hardSigmoid(alpha: 1 / 6, beta: 0.5), x)),
          .op("Mul", x, .quotient(gate, 6)), .quotient(.op("Mul", x, gate), 6),
          .op("Mul", .quotient(x, 6), gate),
        ]))
    ]
  }()
}
