/// The smallest and the largest value seen, and how often values of each size came: all that
/// calibration keeps of a tensor, whatever the number of samples. Two can be merged.
package struct RangeObserver {
  private var low = Float.infinity
  private var high = -Float.infinity
  private var histogram: Histogram?

  /// An observer that has seen nothing.
  ///
  /// - Parameter histogram: whether to count values, for percentiles.
  package init(histogram: Bool) { if histogram { self.histogram = Histogram() } }

  /// Takes in the elements of one tensor. Values that are not finite are passed over.
  package mutating func observe(_ values: UnsafeBufferPointer<Float>) {
    let (least, most) = extremes(values)
    guard least <= most else { return }
    low = min(low, least)
    high = max(high, most)
    histogram?.observe(values, peak: max(-least, most, 0))
  }

  /// The whole range seen; nil when no finite value was.
  package var range: ClosedRange<Float>? { low <= high ? low...high : nil }

  /// The range that leaves out the fraction `1 - percentile` of the values, half on each side.
  package func range(percentile: Double) -> ClosedRange<Float>? {
    guard let whole = range, let histogram else { return range }
    let cut = histogram.range(leaving: (1 - percentile) / 2)
    return max(cut.lowerBound, whole.lowerBound)...min(cut.upperBound, whole.upperBound)
  }
}

/// Counts of values in equal bins over (-2ᵏ, 2ᵏ), where 2ᵏ is above every value. When a larger one
/// comes k grows and bins merge by pairs, so that the counts do not depend on the order of samples.
private struct Histogram {
  private static let bins = 4096
  private var counts = [Int](repeating: 0, count: Self.bins)
  private var limit: Float = 0

  mutating func observe(_ values: UnsafeBufferPointer<Float>, peak: Float) {
    if limit == 0, peak > 0 { limit = Self.powerOfTwo(above: peak) }
    while limit <= peak, limit > 0, limit < Self.largest { widen() }
    guard limit > 0 else {
      // Zeros alone say nothing about the limit; their bin is the same for all.
      counts[Self.bins / 2] += values.reduce(0) { $0 + ($1.isFinite ? 1 : 0) }
      return
    }
    let scale = Float(Self.bins / 2) / limit
    for value in values where value.isFinite {
      counts[
        min(max(Int(value * scale) + Self.bins / 2 - (value < 0 ? 1 : 0), 0), Self.bins - 1)] += 1
    }
  }

  /// Limits keep away from the ends of the type, where bins would have no width.
  private static let largest: Float = 0x1p126
  private static let smallest: Float = 0x1p-100

  private static func powerOfTwo(above peak: Float) -> Float {
    min(max(peak.binade, smallest / 2), largest / 2) * 2
  }

  private mutating func widen() {
    var merged = [Int](repeating: 0, count: Self.bins)
    for bin in counts.indices { merged[Self.bins / 4 + bin / 2] += counts[bin] }
    counts = merged
    limit *= 2
  }

  func range(leaving fraction: Double) -> ClosedRange<Float> {
    let total = counts.reduce(0, +)
    let target = Double(total) * fraction
    let width = 2 * limit / Float(Self.bins)
    var first = 0, last = Self.bins - 1
    var sum = 0.0
    while first < last, sum + Double(counts[first]) <= target {
      sum += Double(counts[first])
      first += 1
    }
    sum = 0
    while last > first, sum + Double(counts[last]) <= target {
      sum += Double(counts[last])
      last -= 1
    }
    return (-limit + Float(first) * width)...(-limit + Float(last + 1) * width)
  }
}

/// The least and the greatest finite value; (∞, -∞) when there is none.
private func extremes(_ values: UnsafeBufferPointer<Float>) -> (Float, Float) {
  var lows = SIMD8<Float>(repeating: .infinity)
  var highs = SIMD8<Float>(repeating: -.infinity)
  var index = 0
  while index + 8 <= values.count {
    var lanes = SIMD8<Float>.zero
    for lane in 0..<8 { lanes[lane] = values[index + lane] }
    lows = pointwiseMin(lows, lanes)
    highs = pointwiseMax(highs, lanes)
    index += 8
  }
  var low = lows.min(), high = highs.max()
  while index < values.count {
    low = min(low, values[index])
    high = max(high, values[index])
    index += 1
  }
  if low.isFinite, high.isFinite { return (low, high) }
  // Something is not finite: look at each value by itself.
  (low, high) = (.infinity, -.infinity)
  for value in values where value.isFinite {
    low = min(low, value)
    high = max(high, value)
  }
  return (low, high)
}
