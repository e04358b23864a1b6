import Samples
import Testing

/// What a changed classifier loses, and how sure that is.
@Suite struct OutputLossTests {
  @Test("Points are the difference of what is right")
  func points() {
    let labels = [0, 0, 0, 0, 1, 1, 1, 1]
    let original = [0, 0, 0, 1, 1, 1, 1, 0]  // 6 of 8
    let changed = [0, 0, 1, 1, 1, 1, 0, 1]  // loses two, wins one
    let loss = OutputLoss(original: original, changed: changed, labels: labels)
    #expect(loss.basis == .accuracy)
    #expect(loss.points == 12.5)
    #expect(loss.samples == 8)
    // Three samples differ, and one more is counted: variance 4/8 - (1/8)².
    let variance = (0.5 - 1.0 / 64) / 8
    #expect(abs(loss.deviation - 100 * variance.squareRoot()) < 1e-12)
    #expect(loss.upperBound > loss.points)
  }

  @Test("Without labels every sample of another class counts")
  func agreement() {
    let loss = OutputLoss(original: [0, 1, 2, 3], changed: [0, 1, 3, 2], labels: nil)
    #expect(loss.basis == .agreement)
    #expect(loss.points == 50)
  }

  @Test("Few equal samples are no proof of equality")
  func fewSamples() {
    let few = OutputLoss(original: [0, 1], changed: [0, 1], labels: [0, 1])
    let many = OutputLoss(
      original: [Int](repeating: 0, count: 10_000), changed: [Int](repeating: 0, count: 10_000),
      labels: nil)
    #expect(few.points == 0 && few.upperBound > 50)
    #expect(many.upperBound > 0 && many.upperBound < 0.05)
  }

  @Test("An error is a share of the outputs' root mean square")
  func error() {
    let loss = OutputLoss(sqnr: 20, samples: 3)
    #expect(loss.basis == .error)
    #expect(abs(loss.points - 10) < 1e-12)
    #expect(loss.upperBound == loss.points)
  }
}
