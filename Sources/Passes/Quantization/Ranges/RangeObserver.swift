/// What calibration keeps of a value, whatever the number of samples: extremes, how often values of
/// each size came, and sums of the batches' extremes. Nothing depends on the order of samples, and two
/// can be merged.
package struct RangeObserver: Hashable, Sendable, Codable {
  private var low: Float?
  private var high: Float?
  private var isUnbounded = false
  private var batches = 0
  private var lows = ExactSum()
  private var highs = ExactSum()
  /// How often values of each size came.
  package private(set) var histogram = Histogram()

  private enum CodingKeys: String, CodingKey {
    case low, high, batches, lows, highs, histogram
    case isUnbounded = "unbounded"
  }

  /// An observer that has seen nothing.
  package init() {}

  /// Takes in the elements of one tensor. Values that are not finite are passed over, but for the
  /// fact that there were some.
  package mutating func observe(_ values: UnsafeBufferPointer<Float>) {
    let (least, most, isFinite) = extremes(values)
    if !isFinite, values.contains(where: \.isInfinite) { isUnbounded = true }
    guard least <= most else { return }
    low = min(low ?? least, least)
    high = max(high ?? most, most)
    batches += 1
    lows.add(least)
    highs.add(most)
    histogram.observe(values, peak: max(-least, most, 0), areFinite: isFinite)
  }

  /// Takes in what another has seen.
  package mutating func merge(_ other: RangeObserver) {
    if let least = other.low { low = min(low ?? least, least) }
    if let most = other.high { high = max(high ?? most, most) }
    isUnbounded = isUnbounded || other.isUnbounded
    batches += other.batches
    lows.merge(other.lows)
    highs.merge(other.highs)
    histogram.merge(other.histogram)
  }

  /// The whole range seen; nil when no finite value was.
  package var range: ClosedRange<Float>? {
    guard let low, let high, low <= high else { return nil }
    return low...high
  }

  /// Whether infinities were seen.
  package var hasInfinities: Bool { isUnbounded }

  /// The mean of the batches' ranges.
  package var meanRange: ClosedRange<Float>? {
    guard batches > 0 else { return nil }
    let low = Float(lows.value / Double(batches)), high = Float(highs.value / Double(batches))
    return min(low, high)...max(low, high)
  }

  /// The range that leaves out the fraction `1 - percentile` of the values, half on each side.
  package func range(percentile: Double) -> ClosedRange<Float>? {
    guard let whole = range else { return nil }
    return histogram.range(leaving: (1 - percentile) / 2).clamped(to: whole)
  }

  /// Whether finite values come in two sizes with a gap between that no 8 bits bridge: the larger are
  /// marks, such as those of an attention's mask, and no numbers.
  package var hasMarks: Bool {
    guard let range, max(-range.lowerBound, range.upperBound) >= 1000 else { return false }
    let half = Histogram.bins / 2
    var near = 0, between = 0
    for (bin, count) in histogram.counts.enumerated() where count > 0 {
      let place = bin < half ? half - 1 - bin : bin - half
      if place < half / 16 { near += count } else if place < half * 7 / 16 { between += count }
    }
    return near > 0 && between == 0
  }
}
