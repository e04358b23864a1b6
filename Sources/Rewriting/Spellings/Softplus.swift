/// Softplus: `ln(eˣ + 1)`. As it is spelled it overflows for large `x`, where Softplus is `x`.
extension Spellings {
  package static let softplus = [Spelling("Softplus", softplusOfX, range: -.infinity...80)]

  /// The spelling, for larger ones that contain it.
  static let softplusOfX = Pattern.op("Log", .op("Add", .op("Exp", x), .number(1)))
}
