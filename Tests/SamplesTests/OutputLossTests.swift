import IR
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

  @Test("Few samples are paired with each other's errors; what is added to all scores is no error")
  func pairs() throws {
    // Leads of 1 and 3; errors of 2 for the second class, and none.
    let original = ScoreRows([1, 0, 3, 0], width: 2)
    let changed = ScoreRows([1, 2, 13, 10], width: 2)
    let found = try #require(ExpectedDisagreement(original, original, changed))
    // Of four pairs the lead of 1 falls to the error of 2.
    #expect(found.share == 0.25)
    #expect(found.deviation > 0.25)
    #expect(original.noise(of: ScoreRows([2, 1, 8, 5], width: 2)) == 0)
    #expect(abs(original.noise(of: changed) - 2 / (0.5 + 4.5)) < 1e-9)
    #expect(ScoreRows([1, 0, .nan, 0], width: 2).noise(of: original) == .infinity)
  }

  @Test("Leads of further samples make the expectation surer")
  func leads() throws {
    var generator = SplitMix64(seed: 1)
    func rows(_ count: Int, _ scale: Float) -> [Float] {
      (0..<count * 3).map { _ in generator.normal() * scale }
    }
    let scores = rows(256, 1), errors = rows(64, 0.05)
    let original = ScoreRows(Array(scores.prefix(192)), width: 3)
    let changed = ScoreRows(zip(scores.prefix(192), errors).map { $0 + $1 }, width: 3)
    let few = try #require(ExpectedDisagreement(original, original, changed))
    let many = try #require(
      ExpectedDisagreement(ScoreRows(scores, width: 3), original, changed))
    #expect(many.deviation < few.deviation)
    // A difference of two scores errs by 0.07, where leads are spread with a density of about 1.
    #expect(many.share > 0.005 && many.share < 0.08)
  }
}
