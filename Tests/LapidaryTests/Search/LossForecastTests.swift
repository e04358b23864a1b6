import Lapidary
import Testing

/// Where a tuned model loses as much as it may, foretold.
@Suite struct LossForecastTests {
  private static func point(
    _ level: Int, _ noise: Double, _ bound: Double, isDraft: Bool = true
  ) -> LossForecast.Point {
    LossForecast.Point(level: level, isDraft: isDraft, noise: noise, bound: bound)
  }

  /// Noise doubles every 64 levels; what is lost is 10 times its root.
  private static let drafts = [0, 128, 256].map { level -> LossForecast.Point in
    let noise = 0.001 * (level == 0 ? 1.0 : level == 128 ? 4 : 16)
    return point(level, noise, 10 * noise.squareRoot(), isDraft: level > 0)
  }

  @Test("A tuned model says what tuning leaves, and the limit is met at the level that follows")
  func gain() {
    let without = LossForecast(Self.drafts)
    #expect(without.gain == LossForecast.usualGain)
    // At level 128 tuning left a half of what cutting added.
    let tuned = LossForecast(Self.drafts + [Self.point(128, 0.0025, 0.5, isDraft: false)])
    #expect(abs(tuned.gain - 0.5) < 1e-9)
    let level = tuned.level(losing: 0.8, in: 0...640)
    #expect(tuned.bound(at: level) <= 0.8 && tuned.bound(at: level + 1) > 0.8)
    // 0.8 points are lost at a noise of 0.0064: a draft that has 0.0118.
    #expect((225...235).contains(level), "\(level)")
  }

  @Test("What learnt where nothing is cut counts from there, and drafts from the draft there")
  func learntWhole() {
    let drafts = Self.drafts.map { Self.point($0.level, $0.noise, $0.bound) }
    let whole = Self.point(0, 0.0005, 0.22, isDraft: false)
    let cut = Self.point(128, 0.002, 0.45, isDraft: false)
    let forecast = LossForecast([whole] + drafts + [cut])
    #expect(abs(forecast.gain - 0.5) < 1e-9)
    #expect(abs(forecast.bound(at: 0) - 0.22) < 1e-9)
    // At level 256 a draft adds 0.015 to 0.001, so that a model that learns has 0.008.
    #expect(abs(forecast.bound(at: 256) - 10 * 0.008.squareRoot()) < 0.02)
  }

  @Test("The range is kept to, and what is lost grows with the level")
  func range() {
    let forecast = LossForecast(Self.drafts)
    #expect(forecast.level(losing: 0.001, in: 40...80) == 40)
    #expect(forecast.level(losing: 50, in: 40...80) == 80)
    for level in stride(from: 0, to: 600, by: 20) {
      #expect(forecast.bound(at: level) <= forecast.bound(at: level + 20))
    }
  }
}
