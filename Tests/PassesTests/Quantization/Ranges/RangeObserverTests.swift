import Execution
import Passes
import Samples
import Testing

/// Ranges found while streaming.
@Suite struct RangeObserverTests {
  private func observer(_ batches: [[Float]]) -> RangeObserver {
    batches.reduce(into: RangeObserver()) { observer, batch in
      batch.withUnsafeBufferPointer { observer.observe($0) }
    }
  }

  @Test("The least and the greatest finite value, wherever NaN and infinities stand")
  func extremes() {
    for length in [3, 8, 16, 21] {
      for place in 0..<length {
        for odd in [Float.nan, .infinity, -.infinity] {
          var values = (0..<length).map { Float($0 % 5) - 2 }
          values[0] = -7
          values[length - 1] = 9
          let kept = values.indices.filter { $0 != place }.map { values[$0] }
          values[place] = odd
          let range = observer([values]).range
          #expect(range?.lowerBound == kept.min() && range?.upperBound == kept.max())
        }
      }
    }
    #expect(observer([[.nan, .infinity], []]).range == nil)
    #expect(observer([[.nan]]).range(percentile: 0.9) == nil)
    #expect(observer([[-3, -2]]).range == -3 ... -2)
  }

  /// Batches of very different magnitude, among them zeros alone and powers of two.
  private var batches: [[Float]] {
    var generator = SplitMix64(seed: 4)
    return [
      [0, 0, 0, 0], (0..<300).map { _ in generator.normal() * 0.01 }, [1, -1, 2, -2, 4, 0.5],
      (0..<500).map { _ in generator.normal() }, [8, -8, 8],
      (0..<200).map { _ in generator.normal() * 3 }, [.nan, 0.25, -0.25, -0],
    ]
  }

  @Test("Percentiles do not depend on the order of batches, nor on how samples are batched")
  func order() {
    let percentiles = [0.5, 0.9, 0.99, 0.999, 1]
    let expected = percentiles.map { observer(batches).range(percentile: $0) }
    #expect(expected.allSatisfy { $0 != nil })
    for shift in 0..<batches.count {
      let turned = Array(batches[shift...] + batches[..<shift])
      #expect(percentiles.map { observer(turned).range(percentile: $0) } == expected)
      let backwards = Array(turned.reversed())
      #expect(percentiles.map { observer(backwards).range(percentile: $0) } == expected)
    }
    let single = batches.flatMap { $0 }.map { [$0] }
    #expect(percentiles.map { observer(single).range(percentile: $0) } == expected)
    #expect(
      percentiles.map { observer([batches.flatMap { $0 }]).range(percentile: $0) } == expected)
  }

  @Test("A percentile leaves out half of the rest at each end, to the width of a bin")
  func percentile() throws {
    // 1,000 values from -1 to 1: 95 % lie within ±0.95.
    let values = (0..<1000).map { Float($0) / 499.5 - 1 }
    let range = try #require(observer([values]).range(percentile: 0.95))
    #expect(abs(range.lowerBound + 0.95) < 0.003 && abs(range.upperBound - 0.95) < 0.003)
    #expect(observer([values]).range(percentile: 1) == -1...1)
    // One outlier in a thousand is cut off, and the range never leaves what was seen.
    let outlier = try #require(observer([values, [1000]]).range(percentile: 0.99))
    #expect(outlier.upperBound < 2 && outlier.lowerBound >= -1)
    let alone = try #require(observer([[3, 3, 3]]).range(percentile: 0.5))
    #expect(alone == 3...3)
  }

  @Test("Memory does not grow with samples: merging keeps every count")
  func widening() throws {
    // Each batch doubles the limit; the median stays where most values are.
    let growing = (0..<20).map { step in
      [Float](repeating: 0.5, count: 100) + [Float(1 << step)]
    }
    let range = try #require(observer(growing).range(percentile: 0.9))
    #expect(range.contains(0.5) || range.lowerBound <= 0.5)
    #expect(range.upperBound < 1024)
  }

  @Test(
    "Parts merge to what one run over all batches sees, in any order, sums of extremes included")
  func merging() {
    let whole = observer(batches)
    for step in [1, 2, 3, 5] {
      let order = batches.indices.map { ($0 * step + 1) % batches.count }
      var merged = RangeObserver()
      for index in step == 2 || step == 3 || step == 5 ? order : Array(batches.indices.reversed()) {
        merged.merge(observer([batches[index]]))
      }
      #expect(merged == whole)
    }
    #expect(whole.meanRange != nil)
  }

  @Test("A mask's marks are told from numbers, and infinities are noticed")
  func marks() {
    let scores = (0..<200).map { Float($0 % 17) / 4 - 2 }
    for mark in [Float(-10_000), -1e9, -Float.greatestFiniteMagnitude, 65_504] {
      #expect(observer([scores + [mark, mark]]).hasMarks)
    }
    #expect(observer([[0, 0, -10_000]]).hasMarks)
    #expect(!observer([[-10_000]]).hasMarks)
    #expect(!observer([scores.map { $0 * 1000 }]).hasMarks)
    #expect(!observer([scores + [-500]]).hasMarks)
    #expect(observer([scores + [-.infinity]]).hasInfinities)
    #expect(!observer([scores + [.nan]]).hasInfinities)
  }

  @Test("Methods: the mean of batches, the least error, the least divergence")
  func methods() throws {
    let choice = RangeChoice(grid: .unsignedBytes)
    var generator = SplitMix64(seed: 9)
    let normal = (0..<20_000).map { _ in generator.normal() }
    let seen = observer([normal, [100]])
    #expect(choice.range(.minmax, seen, kept: nil)?.upperBound == 100)
    let mean = try #require(
      choice.range(.movingAverage, observer([[-1, 3], [-3, 1]]), kept: nil))
    #expect(mean == -2...2)
    let entropy = try #require(choice.range(.entropy, seen, kept: nil))
    #expect(entropy.upperBound <= 100 && entropy.upperBound > 2)
    // Of values far from 0 none are clipped for what is nearer.
    let far = observer([(0..<4000).map { 5 + Float($0 % 100) / 100 }])
    #expect(try #require(choice.range(.entropy, far, kept: nil)).upperBound > 5.5)
    // Of a million values between -1 and 1 one at 1.3 is worth less than the steps that it costs.
    var many = observer([(0..<16_000).map { Float($0) / 8000 - 1 }])
    for _ in 0..<6 { many.merge(many) }
    many.merge(observer([[1.3]]))
    let mse = try #require(choice.range(.mse, many, kept: nil))
    #expect(mse.upperBound < 1.25 && mse.upperBound > 0.95)
    // One outlier among the fitted and none among the kept: a narrow range loses least on these.
    let auto = try #require(choice.range(.auto, seen, kept: observer([normal])))
    #expect(auto.upperBound < 50)
    #expect(choice.range(.auto, seen, kept: nil)?.upperBound == 100)
    // Nothing stands out: the range is hardly cut.
    let flat = observer([(0..<5000).map { Float($0) / 5000 }])
    let kept = try #require(choice.range(.mse, flat, kept: nil))
    #expect(kept.upperBound > 0.97)
  }
}
