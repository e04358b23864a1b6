private import Glibc

/// The range of a value, chosen by a method from what was seen of it.
package struct RangeChoice {
  let grid: ActivationGrid

  package init(grid: ActivationGrid) { self.grid = grid }

  /// The range by a method; nil where no finite value was seen.
  ///
  /// - Parameters:
  ///   - seen: what ranges are fitted to.
  ///   - kept: what `auto` chooses with; nil where there are too few samples.
  package func range(
    _ method: QuantizationOptions.Method, _ seen: RangeObserver, kept: RangeObserver?
  ) -> ClosedRange<Float>? {
    var all = seen
    if let kept { all.merge(kept) }
    switch method {
    case .minmax: return all.range
    case .movingAverage: return all.meanRange
    case .percentile(let fraction): return all.range(percentile: fraction)
    case .entropy: return shrunk(all) { divergence(all.histogram, $0) }
    case .mse: return shrunk(all) { error(all.histogram, $0, power: 2.4) }
    case .auto: return best(seen, kept: kept)
    }
  }

  private func best(_ seen: RangeObserver, kept: RangeObserver?) -> ClosedRange<Float>? {
    guard let kept, kept.range != nil, seen.range != nil else {
      return range(.minmax, seen, kept: kept)
    }
    let methods: [QuantizationOptions.Method] = [
      .minmax, .percentile(0.9999), .percentile(0.99999), .mse, .entropy,
    ]
    var best: (range: ClosedRange<Float>, error: Double)?
    for method in methods {
      guard let own = range(method, seen, kept: method == .minmax ? kept : nil) else { continue }
      let error = error(kept.histogram, own, power: 2)
      if best.map({ error < $0.error }) ?? true { best = (own, error) }
    }
    return best?.range
  }

  /// How each end is sought: steps of its length, and how many of them to each side.
  private static let grids: [(step: Float, inward: Int, outward: Int)] = [
    (1 / 16, 15, 0), (1 / 128, 7, 7),
  ]

  /// Of narrower ranges the one with the least loss: one end after the other, first in large steps
  /// and then in small ones.
  private func shrunk(
    _ seen: RangeObserver, _ loss: (ClosedRange<Float>) -> Double
  ) -> ClosedRange<Float>? {
    guard let whole = seen.range else { return nil }
    var ends = (low: Float(1), high: Float(1))
    func range(_ low: Float, _ high: Float) -> ClosedRange<Float> {
      let (a, b) = (whole.lowerBound * low, whole.upperBound * high)
      return min(a, b)...max(a, b)
    }
    var least = loss(whole)
    for grid in Self.grids {
      let start = ends
      for count in -grid.outward...grid.inward {
        let high = min(1, start.high - Float(count) * grid.step)
        let found = loss(range(ends.low, high))
        if found < least { (ends.high, least) = (high, found) }
      }
      for count in -grid.outward...grid.inward {
        let low = min(1, start.low - Float(count) * grid.step)
        let found = loss(range(low, ends.high))
        if found < least { (ends.low, least) = (low, found) }
      }
    }
    return range(ends.low, ends.high)
  }

  /// The sum over all values of a power of what rounding and clipping take away.
  func error(_ histogram: Histogram, _ range: ClosedRange<Float>, power: Double) -> Double {
    let own = ActivationParameters(range, grid)
    let limits = own.range
    let step = Double(own.scale), low = Double(limits.lowerBound), high = Double(limits.upperBound)
    let width = Double(histogram.width)
    // A bin narrower than a step loses what its middle loses; a wider one what a step loses.
    let typical = pow(step / 2, power) / (power + 1)
    var sum = 0.0
    for (bin, count) in histogram.counts.enumerated() where count > 0 {
      let x = Double(histogram.center(bin))
      let clipped = min(max(x, low), high)
      let beyond = abs(x - clipped)
      let inside =
        width > step / 4
        ? typical : pow(abs(clipped - (clipped / step).rounded() * step), power)
      sum += Double(count) * (beyond > 0 ? pow(beyond, power) : inside)
    }
    return sum
  }

  /// Kullback's and Leibler's divergence of the values, clipped to a range, from what rounding makes
  /// of those within it. What is clipped counts as lost: else a range that clips nearly all to one end
  /// would seem perfect.
  private func divergence(_ histogram: Histogram, _ range: ClosedRange<Float>) -> Double {
    let own = ActivationParameters(range, grid)
    let limits = own.range, bounds = grid.bounds
    let half = Histogram.bins / 2
    guard histogram.width > 0 else { return 0 }
    let first = max(0, half + Int((limits.lowerBound / histogram.width).rounded(.down)))
    let last = min(
      Histogram.bins - 1, half + Int((limits.upperBound / histogram.width).rounded(.up)) - 1)
    guard first <= last else { return .infinity }
    var clipped = histogram.counts[first...last].map(Double.init)
    clipped[0] += Double(histogram.counts[..<first].reduce(0, +))
    clipped[last - first] += Double(histogram.counts[(last + 1)...].reduce(0, +))
    // Values of one level are spread evenly over the bins that are not empty.
    var levels: [Int: (sum: Double, bins: Int)] = [:]
    func level(_ bin: Int) -> Int {
      let code = (histogram.center(bin) / own.scale).rounded(.toNearestOrEven)
      return min(max(Int(code) + own.zeroPoint, bounds.lowerBound), bounds.upperBound)
    }
    for bin in first...last where histogram.counts[bin] > 0 {
      let known = levels[level(bin)] ?? (0, 0)
      levels[level(bin)] = (known.sum + Double(histogram.counts[bin]), known.bins + 1)
    }
    let total = clipped.reduce(0, +)
    guard total > 0, !levels.isEmpty else { return .infinity }
    var sum = 0.0
    for bin in first...last where clipped[bin - first] > 0 {
      let p = clipped[bin - first] / total
      let own = histogram.counts[bin] > 0 ? levels[level(bin)] : nil
      let q = own.map { $0.sum / Double($0.bins) / total } ?? 1e-9
      sum += p * log(p / q)
    }
    return sum
  }
}
