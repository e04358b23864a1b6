/// Chooses how much of each group goes, so that the error is least within a budget.
///
/// Errors of groups are taken to add up. Costs do not: the channels that a layer makes and those that
/// it reads multiply. So costs are counted exactly around a solution, one group at a time, the
/// knapsack is solved for these, and again around its solution, until it stays; a solution counts
/// only with its exact cost.
public struct WidthSearch {
  /// A group and what can be done with it.
  public struct Group: Sendable, Codable {
    /// Which group it is.
    public var key: String
    /// Fractions to remove, ascending from 0.
    public var ratios: [Double]
    /// The error of each.
    public var errors: [Double]

    /// A group; `errors` has an entry for each of `ratios`.
    public init(key: String, ratios: [Double], errors: [Double]) {
      self.key = key
      self.ratios = ratios
      self.errors = errors
    }
  }

  /// A choice for every group.
  public struct Solution: Sendable, Hashable, Codable {
    /// The fraction that each group loses, by its key.
    public let ratios: [String: Double]
    /// The sum of the errors.
    public let error: Double
    /// The exact cost.
    public let cost: Double
  }

  private let groups: [Group]
  private let cost: ([String: Double]) -> Double
  private static let rounds = 6

  /// - Parameter cost: the exact cost of fractions by group.
  public init(_ groups: [Group], cost: @escaping ([String: Double]) -> Double) {
    self.groups = groups
    self.cost = cost
  }

  /// The best solution found whose cost is at most `budget`; nil where there is none.
  public func solve(budget: Double) -> Solution? {
    guard var current = uniform(budget) else { return nil }
    var best = solution(current)
    var aim = budget
    for _ in 0..<Self.rounds {
      let options = linearized(around: current)
      guard let next = MultipleChoice(options.groups).solve(budget: aim - options.base) else {
        break
      }
      let found = solution(next)
      if found.cost <= budget {
        if found.error < best.error { best = found }
        if next == current { break }
      } else {
        aim *= budget / found.cost
      }
      current = next
    }
    return polished(best, budget)
  }

  /// The solution with single changes that fit and lower the error, the best first: what the budget has
  /// left, since costs around one solution are not those around another.
  private func polished(_ start: Solution, _ budget: Double) -> Solution {
    var best = start
    for _ in 0..<2 * groups.count {
      var next: Solution?
      for group in groups {
        let own = best.ratios[group.key].flatMap { group.ratios.firstIndex(of: $0) } ?? 0
        for place in group.ratios.indices where group.errors[place] < group.errors[own] {
          let error = best.error - group.errors[own] + group.errors[place]
          guard error < next?.error ?? best.error else { continue }
          var ratios = best.ratios
          ratios[group.key] = group.ratios[place]
          let cost = cost(ratios)
          if cost <= budget { next = Solution(ratios: ratios, error: error, cost: cost) }
        }
      }
      guard let next else { return best }
      best = next
    }
    return best
  }

  /// How much a solution trusts the errors.
  public enum Trust: Sendable, CaseIterable {
    /// The best by the errors without blocks.
    case full
    /// The best by the errors.
    case blocks
    /// The best by the errors without ranks and blocks.
    case widths
    /// Half way between the best and equal fractions.
    case half
    /// Equal fractions.
    case none
  }

  /// A solution that trusts the errors more or less; nil where none fits. Errors of single cuts say
  /// little once much is cut everywhere, so that whoever can measure whole models should choose between
  /// several.
  public func solution(_ trust: Trust, budget: Double) -> Solution? {
    if trust == .blocks, !hasBlocks { return nil }
    let weighed = groups.filter { weighs($0.key, trust) }
    guard weighed.count == groups.count else {
      return WidthSearch(weighed, cost: cost).solution(trust, budget: budget)
    }
    let equal = groups.reduce(into: [String: Double]()) { $0[$1.key] = $1.ratios.last }
    let isEven = trust == .half || trust == .none
    let even = isEven ? scaled(equal, to: budget) : [:]
    var found: Solution?
    switch trust {
    case .full, .blocks, .widths: found = solve(budget: budget)
    case .none: found = solution(even)
    case .half:
      guard let own = solve(budget: budget)?.ratios else { return nil }
      var mean: [String: Double] = [:]
      for (key, ratio) in own { mean[key] = (ratio + (even[key] ?? 0)) / 2 }
      found = solution(scaled(mean, to: budget))
    }
    return found.flatMap { $0.cost <= budget ? $0 : nil }
  }

  /// Fractions multiplied by the least number at which they fit the budget, each no more than its
  /// group's largest.
  private func scaled(_ ratios: [String: Double], to budget: Double) -> [String: Double] {
    let most = groups.reduce(into: [String: Double]()) { $0[$1.key] = $1.ratios.last }
    func times(_ factor: Double) -> [String: Double] {
      ratios.reduce(into: [:]) { $0[$1.key] = min($1.value * factor, most[$1.key] ?? 0) }
    }
    var low = 0.0, high = 64.0
    for _ in 0..<24 {
      let middle = (low + high) / 2
      if cost(times(middle)) <= budget { high = middle } else { low = middle }
    }
    return times(high)
  }

  /// Fractions between those whose errors are known, on the line between these.
  private func solution(_ ratios: [String: Double]) -> Solution {
    var error = 0.0
    for group in groups {
      guard let ratio = ratios[group.key], ratio > 0, let last = group.ratios.indices.last else {
        continue
      }
      let next = group.ratios.firstIndex { $0 >= ratio } ?? last
      guard next > 0 else { continue }
      let part =
        (ratio - group.ratios[next - 1]) / (group.ratios[next] - group.ratios[next - 1])
      error += group.errors[next - 1] + part * (group.errors[next] - group.errors[next - 1])
    }
    return Solution(ratios: ratios, error: error, cost: cost(ratios))
  }

  private var hasBlocks: Bool { groups.contains { BlockOption.sum($0.key) != nil } }

  /// Whether something can be done with what a key stands for.
  private func weighs(_ key: String, _ trust: Trust) -> Bool {
    switch trust {
    case .blocks: true
    case .full: BlockOption.sum(key) == nil
    case .widths, .half, .none: BlockOption.sum(key) == nil && RankOption.layer(key) == nil
    }
  }

  /// What every group loses at most. Blocks stay.
  public var narrowest: Solution {
    solution(groups.map { weighs($0.key, .full) ? $0.ratios.count - 1 : 0 })
  }

  private func ratios(_ choice: [Int]) -> [String: Double] {
    var ratios: [String: Double] = [:]
    for (group, place) in zip(groups, choice) { ratios[group.key] = group.ratios[place] }
    return ratios
  }

  private func solution(_ choice: [Int]) -> Solution {
    let error = zip(groups, choice).reduce(0) { $0 + $1.0.errors[$1.1] }
    let ratios = ratios(choice)
    return Solution(ratios: ratios, error: error, cost: cost(ratios))
  }

  /// The least fraction of all groups alike that fits, as a place to start from.
  private func uniform(_ budget: Double) -> [Int]? {
    let most = groups.map(\.ratios.count).max() ?? 1
    for place in 0..<most {
      let choice = groups.map { min(place, $0.ratios.count - 1) }
      if cost(ratios(choice)) <= budget { return choice }
    }
    return nil
  }

  /// The cost of each option while all other groups stay, against the cost of the choice.
  private func linearized(around choice: [Int]) -> (groups: [[MultipleChoice.Option]], base: Double)
  {
    let own = ratios(choice)
    let base = cost(own)
    let options = groups.map { group in
      group.ratios.indices.map { place in
        var changed = own
        changed[group.key] = group.ratios[place]
        return MultipleChoice.Option(error: group.errors[place], cost: cost(changed) - base)
      }
    }
    return (options, base)
  }
}
