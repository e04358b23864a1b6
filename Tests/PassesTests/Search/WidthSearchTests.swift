import Passes
import Testing

/// Widths of a chain of layers, whose costs multiply.
@Suite struct WidthSearchTests {
  private static let ratios = [0, 0.25, 0.5, 0.75]

  /// Four layers in a chain: each costs what its neighbours leave of it.
  private static func cost(_ ratios: [String: Double]) -> Double {
    let kept = ["a", "b", "c"].map { 1 - (ratios[$0] ?? 0) }
    return kept[0] + kept[0] * kept[1] + kept[1] * kept[2] + kept[2]
  }

  /// Groups whose errors grow with the square of what goes, times a weight.
  private static func search(_ weights: [Double]) -> WidthSearch {
    WidthSearch(
      zip(["a", "b", "c"], weights).map { key, weight in
        .init(key: key, ratios: ratios, errors: ratios.map { weight * $0 * $0 })
      }, cost: cost)
  }

  @Test(
    "It comes within the budget, and no single change that fits has a lower error",
    arguments: [
      [1.0, 1, 1], [10, 1, 1], [1, 10, 1], [1, 1, 10], [1, 100, 0.01],
    ])
  func localOptimum(weights: [Double]) throws {
    let search = Self.search(weights)
    for budget in [3.5, 3, 2, 1] {
      let found = try #require(search.solve(budget: budget))
      #expect(found.cost <= budget)
      #expect(found.cost == Self.cost(found.ratios))
      for (key, weight) in zip(["a", "b", "c"], weights) {
        for ratio in Self.ratios {
          var other = found.ratios
          let own = try #require(other[key])
          other[key] = ratio
          guard Self.cost(other) <= budget else { continue }
          #expect(weight * ratio * ratio >= weight * own * own - 1e-12, "\(weights), \(budget)")
        }
      }
    }
  }

  @Test("A sensitive group keeps more than the others")
  func sensitivity() throws {
    let found = try #require(Self.search([1, 100, 1]).solve(budget: 2.2))
    #expect(try #require(found.ratios["b"]) < #require(found.ratios["a"]))
  }

  @Test("A block goes where it costs little, and only where blocks come into question")
  func blocks() throws {
    for (error, goes) in [(0.01, 1.0), (10, 0)] {
      let block = WidthSearch.Group(
        key: BlockOption.key("sum"), ratios: [0, 1], errors: [0, error])
      let groups = ["a", "b", "c"].map {
        WidthSearch.Group(key: $0, ratios: Self.ratios, errors: Self.ratios.map { $0 * $0 })
      }
      let search = WidthSearch(groups + [block]) { ratios in
        Self.cost(ratios) + 1 - (ratios[block.key] ?? 0)
      }
      let found = try #require(search.solution(.blocks, budget: 3.5))
      #expect(found.ratios[block.key] == goes)
      #expect(found.cost <= 3.5)
      for trust in [WidthSearch.Trust.full, .widths, .half, .none] {
        let other = try #require(search.solution(trust, budget: 3.5))
        #expect(BlockOption.dropped(other.ratios).isEmpty)
      }
      #expect(BlockOption.dropped(search.narrowest.ratios).isEmpty)
    }
  }

  @Test("What cannot be reached has no solution; alternatives fit where there are any")
  func alternatives() throws {
    let search = Self.search([1, 5, 1])
    #expect(search.solve(budget: 0.1) == nil)
    #expect(search.solution(.blocks, budget: 2) == nil)
    for trust in WidthSearch.Trust.allCases where trust != .blocks {
      #expect(search.solution(trust, budget: 0.1) == nil)
      #expect(try #require(search.solution(trust, budget: 2)).cost <= 2)
    }
    let equal = try #require(search.solution(.none, budget: 2)).ratios
    #expect(Set(equal.values).count == 1)
    #expect(search.narrowest.ratios.values.allSatisfy { $0 == 0.75 })
  }
}
