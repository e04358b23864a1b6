internal import IR
internal import Operators

/// Which values can stand for 8 bits with one scale, and within which range.
struct RangeLimits {
  private let facts: TypedGraph
  private let statistics: CalibrationStatistics
  private let options: QuantizationOptions
  private let choice: RangeChoice

  init(_ facts: TypedGraph, _ statistics: CalibrationStatistics, _ options: QuantizationOptions) {
    self.facts = facts
    self.statistics = statistics
    self.options = options
    choice = RangeChoice(grid: options.effectiveTarget.activations)
  }

  /// What is known of a value.
  enum Finding {
    case range(ClosedRange<Float>)
    /// The value cannot be quantized, for the reason given.
    case barred(String)
  }

  /// The range of a value.
  ///
  /// - Throws: `ModelError` when the statistics do not know the value.
  func range(of value: ValueID, fixed: ClosedRange<Float>?) throws(ModelError) -> Finding {
    let name = facts.graph[value].name
    if let fixed { return .range(fixed) }
    if let constant = facts.graph.constant(value)?.floats {
      var observer = RangeObserver()
      constant.withUnsafeBufferPointer { observer.observe($0) }
      if let reason = obstacle(name, observer) { return .barred(reason) }
      return .range(observer.range ?? 0...0)
    }
    guard let whole = statistics.whole(name) else {
      throw ModelError(
        .request, "calibration: expected a range for '\(name)', found none",
        hint: "the statistics belong to another model or profile")
    }
    if let reason = obstacle(name, whole) { return .barred(reason) }
    guard let seen = statistics.values[name],
      let range = choice.range(options.method, seen, kept: statistics.kept[name]) ?? whole.range
    else { return .barred("'\(name)' held no finite number, or the data never reached it") }
    if range.lowerBound == 0, range.upperBound == 0 {
      return .barred("'\(name)' was 0 throughout, which says nothing of its range")
    }
    return .range(range)
  }

  private func obstacle(_ name: String, _ seen: RangeObserver) -> String? {
    if seen.hasInfinities { return "'\(name)' holds infinities, which no integer stands for" }
    guard seen.hasMarks, let range = seen.range else { return nil }
    let mark = -range.lowerBound > range.upperBound ? range.lowerBound : range.upperBound
    return
      "'\(name)' holds \(mark) beside far smaller numbers, as a mask does: one scale cannot tell those apart"
  }
}
