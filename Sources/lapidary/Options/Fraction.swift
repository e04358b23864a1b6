import ArgumentParser

/// Fractions that options take.
enum Fraction {
  /// Refuses what is no fraction, naming the option; percents are what is meant most often.
  static func check(
    _ value: Double?, _ option: String, in range: ClosedRange<Double> = 0...1
  ) throws {
    guard let value, !range.contains(value) else { return }
    let percent = value / 100
    let hint =
      value > 1 && range.contains(percent)
      ? "; for \(text(value)) percent give \(text(percent))" : ""
    throw ValidationError(
      "\(option): expected a fraction from \(text(range.lowerBound)) to \(text(range.upperBound)), "
        + "found \(text(value))\(hint)")
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e9 ? "\(Int(value))" : "\(value)"
  }
}
