import Passes
import Testing

/// The knapsack, against trying everything.
@Suite struct MultipleChoiceTests {
  /// A small generator (G. Marsaglia's xorshift), so that a failing problem can be made again.
  private struct Noise {
    var state: UInt64
    mutating func next() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Double(state >> 11) / Double(1 << 53)
    }
  }

  @Test("It finds the least error of all choices", arguments: 1...40)
  func optimum(seed: Int) throws {
    var noise = Noise(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
    let groups = (0..<4).map { _ in
      (0..<4).map { _ in
        // Costs in whole buckets, so that rounding takes nothing from a solution.
        MultipleChoice.Option(error: noise.next(), cost: (noise.next() * 16).rounded())
      }
    }
    let floors = groups.map { $0.map(\.cost).min() ?? 0 }.reduce(0, +)
    let budget = floors + 16
    var least = Double.infinity
    for code in 0..<256 {
      let choice = (0..<4).map { (code >> (2 * $0)) & 3 }
      let cost = zip(groups, choice).reduce(0) { $0 + $1.0[$1.1].cost }
      guard cost <= budget else { continue }
      least = min(least, zip(groups, choice).reduce(0) { $0 + $1.0[$1.1].error })
    }
    let found = try #require(MultipleChoice(groups).solve(budget: budget))
    let cost = zip(groups, found).reduce(0) { $0 + $1.0[$1.1].cost }
    let error = zip(groups, found).reduce(0) { $0 + $1.0[$1.1].error }
    #expect(cost <= budget)
    #expect(abs(error - least) < 1e-12, "seed \(seed)")
  }

  @Test("A budget below the cheapest choice has no solution, one at it has")
  func bounds() {
    let groups = [[MultipleChoice.Option(error: 0, cost: 3), .init(error: 1, cost: -1)]]
    #expect(MultipleChoice(groups).solve(budget: -1.5) == nil)
    #expect(MultipleChoice(groups).solve(budget: -1) == [1])
    #expect(MultipleChoice(groups).solve(budget: 3) == [0])
    #expect(MultipleChoice([]).solve(budget: 0) == [])
  }
}
