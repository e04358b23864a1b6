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

  /// How many times wider one part of a joined value may be than another: the narrower has sixteen
  /// steps then.
  private static let unlike: Float = 16

  /// Joined values whose parts differ so much that the narrower would be lost, where they end as
  /// results instead of being summed up.
  func unlikeParts(
    _ scheme: QuantizationScheme, _ ranges: [ValueID: ClosedRange<Float>]
  ) -> [ValueID: String] {
    var found: [ValueID: String] = [:]
    for id in facts.graph.nodeIDs {
      guard case .integer = scheme.decisions[id], let op = facts.op(id),
        case .free(let inputs, _) = op.quantization(facts.inputs(id)), inputs.count > 1,
        let output = facts.graph[id].outputs.first ?? nil, !isSummed(output, scheme)
      else { continue }
      let extents = inputs.compactMap { facts.graph[id].inputs[safe: $0] ?? nil }
        .compactMap { ranges[$0] }.map { max(-$0.lowerBound, $0.upperBound) }.filter { $0 > 0 }
      guard let least = extents.min(), let most = extents.max(), most > Self.unlike * least
      else { continue }
      found[output] =
        "its parts reach \(least) and \(most): one scale for both would lose the smaller"
    }
    return found
  }

  /// Whether a weighted operator or a product reads the value, or what is made of it in integers.
  private func isSummed(_ value: ValueID, _ scheme: QuantizationScheme) -> Bool {
    var todo = [value], seen: Set<ValueID> = [value]
    while let next = todo.popLast() {
      for node in facts.graph[next].uses.compactMap(\.node) {
        guard let op = facts.op(node) else { continue }
        switch scheme.decisions[node] {
        case .weighted: return true
        case .integer, .absorbed:
          if case .product = op.quantization(facts.inputs(node)) { return true }
          for output in facts.graph[node].outputs.compactMap({ $0 })
          where seen.insert(output).inserted {
            todo.append(output)
          }
        case .float, nil: continue
        }
      }
    }
    return false
  }
}
