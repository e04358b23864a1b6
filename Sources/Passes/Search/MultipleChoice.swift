/// The multiple-choice knapsack: of every group exactly one option, the least error within a budget.
///
/// Solved by dynamic programming over the budget in equal buckets (H. Kellerer, U. Pferschy and
/// D. Pisinger, "Knapsack Problems", 2004, chapter 11). Costs are rounded up to whole buckets, so that
/// a solution never exceeds the budget.
public struct MultipleChoice: Sendable {
  /// One option of a group.
  public struct Option: Hashable, Sendable {
    /// What it costs the outputs; options of different groups add up.
    public var error: Double
    /// What it costs of the budget.
    public var cost: Double

    /// An option.
    public init(error: Double, cost: Double) {
      self.error = error
      self.cost = cost
    }
  }

  private let groups: [[Option]]
  private let buckets: Int

  /// A problem.
  ///
  /// - Parameters:
  ///   - groups: for each group its options, one or more; costs may be negative.
  ///   - buckets: into how many parts the budget is divided.
  public init(_ groups: [[Option]], buckets: Int = 4096) {
    self.groups = groups
    self.buckets = buckets
  }

  /// The option of each group; of equal errors the first. Nil where even the cheapest options
  /// exceed the budget.
  public func solve(budget: Double) -> [Int]? {
    let floors = groups.map { $0.map(\.cost).min() ?? 0 }
    let room = budget - floors.reduce(0, +)
    guard room >= 0 else { return nil }
    let unit = max(room / Double(buckets), .leastNormalMagnitude)
    var least = [Double](repeating: 0, count: buckets + 1)
    var taken: [[UInt16]] = []
    for (group, floor) in zip(groups, floors) {
      var next = [Double](repeating: .infinity, count: buckets + 1)
      var choice = [UInt16](repeating: 0, count: buckets + 1)
      for (place, option) in group.enumerated() {
        let weight = ((option.cost - floor) / unit - 1e-9).rounded(.up)
        guard weight <= Double(buckets) else { continue }
        let step = Int(max(weight, 0))
        for level in step...buckets where least[level - step] + option.error < next[level] {
          next[level] = least[level - step] + option.error
          choice[level] = UInt16(place)
        }
      }
      least = next
      taken.append(choice)
    }
    var level = buckets
    var solution = [Int](repeating: 0, count: groups.count)
    for index in groups.indices.reversed() {
      let place = Int(taken[index][level])
      solution[index] = place
      let weight = ((groups[index][place].cost - floors[index]) / unit - 1e-9).rounded(.up)
      level -= Int(max(weight, 0))
    }
    return solution
  }
}
