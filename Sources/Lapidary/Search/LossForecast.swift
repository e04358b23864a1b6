#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Foretells at which level a tuned model loses as much as is allowed, from models that are not tuned, or
/// few that are.
///
/// Two things are learnt of models. Noise of the outputs grows with the level, and tuning leaves a part of
/// what cutting added to it, much the same part at every level: so a draft at each of a few levels and
/// one tuned model say how noisy tuned models are. And the loss with its uncertainty follows from the
/// noise, whatever it comes from.
package struct LossForecast {
  /// What was seen of one model.
  package struct Point {
    package let level: Int
    package let isDraft: Bool
    /// Noise over signal of the outputs.
    package let noise: Double
    /// The loss that is not exceeded with 95 % confidence.
    package let bound: Double

    package init(level: Int, isDraft: Bool, noise: Double, bound: Double) {
      (self.level, self.isDraft, self.noise, self.bound) = (level, isDraft, noise, bound)
    }
  }

  /// The part of the noise of cutting that tuning leaves where that is not known: it left from 12 to 31
  /// in a hundred of it on networks of four kinds.
  package static let usualGain = 0.25

  private let drafts: [Point]
  /// The noise of the model of which nothing is cut.
  private let whole: Double
  /// The part of the noise of cutting that tuning leaves.
  package let gain: Double
  /// Noise and the loss that goes with it, both ascending.
  private let losses: [(noise: Double, bound: Double)]

  /// - Parameter points: one at level 0, and drafts at one or more levels; a draft at level 0 too where
  ///   the model there is tuned.
  package init(_ points: [Point]) {
    let uncut = points.filter { $0.level == 0 }
    let first = uncut.first(where: \.isDraft) ?? uncut.first
    whole = (uncut.first { !$0.isDraft } ?? first)?.noise ?? 0
    let drafts = ([first].compactMap { $0 } + points.filter { $0.isDraft && $0.level > 0 })
      .sorted { $0.level < $1.level }
    // More cut never counts as less lost.
    var least = 0.0
    self.drafts = drafts.map { point in
      least = max(least, point.noise)
      return Point(level: point.level, isDraft: true, noise: least, bound: point.bound)
    }
    var floor = 0.0
    losses = points.sorted { $0.noise < $1.noise }.map { point in
      floor = max(floor, point.bound)
      return (point.noise, floor)
    }
    gain = Self.gain(of: points, self.drafts, whole)
  }

  /// The geometric mean of the parts that tuned models kept.
  private static func gain(of points: [Point], _ drafts: [Point], _ whole: Double) -> Double {
    guard let base = drafts.first?.noise else { return usualGain }
    let parts = points.filter { !$0.isDraft && $0.level > 0 }.compactMap { point -> Double? in
      let added = noise(at: point.level, drafts) - base
      guard added > 0, point.noise.isFinite else { return nil }
      return min(max((point.noise - whole) / added, 0.01), 1)
    }
    guard !parts.isEmpty else { return usualGain }
    return exp(parts.reduce(0) { $0 + log($1) } / Double(parts.count))
  }

  /// A draft's noise at a level: between those that are known its logarithm goes along a line, as beyond
  /// the last.
  private static func noise(at level: Int, _ drafts: [Point]) -> Double {
    guard drafts.count > 1 else { return drafts.first?.noise ?? 0 }
    let next = max(1, drafts.firstIndex { $0.level >= level } ?? drafts.count - 1)
    let a = drafts[next - 1], b = drafts[next]
    let part = Double(level - a.level) / Double(max(1, b.level - a.level))
    let low = log(max(a.noise, 1e-9)), high = log(max(b.noise, 1e-9))
    return exp(low + part * (high - low))
  }

  /// The loss of a tuned model at a level.
  package func bound(at level: Int) -> Double {
    guard let base = drafts.first?.noise else { return 0 }
    let noise = whole + gain * max(0, Self.noise(at: level, drafts) - base)
    return bound(noise: noise)
  }

  /// The loss that goes with a noise: on lines between what was seen, over the root of the noise.
  private func bound(noise: Double) -> Double {
    guard let last = losses.last else { return 0 }
    guard losses.count > 1, noise > losses[0].noise else { return losses[0].bound }
    let next = losses.firstIndex { $0.noise >= noise } ?? losses.count - 1
    let a = losses[next - 1], b = losses[next]
    let width = b.noise.squareRoot() - a.noise.squareRoot()
    guard width > 0 else { return last.bound }
    let part = (noise.squareRoot() - a.noise.squareRoot()) / width
    return a.bound + part * (b.bound - a.bound)
  }

  /// The highest level within a range at which no more than this is lost; the lowest of the range where
  /// more is lost there too.
  package func level(losing limit: Double, in range: ClosedRange<Int>) -> Int {
    var low = range.lowerBound, high = range.upperBound + 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if bound(at: middle) <= limit { low = middle } else { high = middle }
    }
    return low
  }
}
