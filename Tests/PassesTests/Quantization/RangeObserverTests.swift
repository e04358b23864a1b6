import Execution
import Passes
import Samples
import Testing

/// Ranges found while streaming.
@Suite struct RangeObserverTests {
  private func observer(_ batches: [[Float]], histogram: Bool = true) -> RangeObserver {
    batches.reduce(into: RangeObserver(histogram: histogram)) { observer, batch in
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
          let range = observer([values], histogram: false).range
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
}
