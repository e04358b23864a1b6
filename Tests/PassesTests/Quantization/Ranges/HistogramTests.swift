import Passes
import Testing

@Suite("Histograms of values")
struct HistogramTests {
  /// The bin of a value, said plainly: those below 0 count down from the middle, and no value lies
  /// outside.
  private func bin(_ value: Float, limit: Float) -> Int {
    let half = Histogram.bins / 2
    let distance = Int((Double(value.magnitude) * Double(half) / Double(limit)).rounded(.down))
    let place = min(distance, half - 1)
    return value < 0 ? half - 1 - place : half + place
  }

  private func expectPlain(_ values: [Float], peak: Float, limit: Float) {
    var histogram = Histogram()
    let areFinite = values.allSatisfy(\.isFinite)
    values.withUnsafeBufferPointer { histogram.observe($0, peak: peak, areFinite: areFinite) }
    var expected = [Int](repeating: 0, count: Histogram.bins)
    for value in values where value.isFinite { expected[bin(value, limit: limit)] += 1 }
    #expect(histogram.limit == limit)
    #expect(histogram.counts == expected)
  }

  @Test("Each value counts in its bin", arguments: [0, 1, 3, 1023, 1024, 1025, 300_001])
  func plain(count: Int) {
    let values = (0..<count).map { index -> Float in
      // Ends of bins, zeros of both signs and numbers too small for a bin among them.
      switch index % 7 {
      case 0: Float(0)
      case 1: -0.0
      case 2: Float(index % 2048) / 2048
      case 3: -Float(index % 2048) / 2048
      case 4: -Float.leastNonzeroMagnitude
      case 5: (Float(index % 2048) / 2048).nextDown
      default: Float((index * 7919) % 20011) / 10006 - 1
      }
    }
    let peak: Float = 0.9999
    expectPlain(values.map { max(-peak, min(peak, $0)) } + [peak], peak: peak, limit: 1)
  }

  @Test("What is not finite is passed over")
  func infinite() {
    let values: [Float] = [1, .nan, -1, .infinity, 0.5, -.infinity, 0, -.nan, 1.5]
    expectPlain(values, peak: 1.5, limit: 2)
  }
}
