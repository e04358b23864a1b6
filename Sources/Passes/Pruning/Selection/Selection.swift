internal import IR
internal import Operators

/// Chooses the atoms to remove.
struct Selection {
  private let groups: [ChannelGroup]
  /// For each run of each group what can go, the least important first, as atoms.
  private let ranked: [[[Int]]]
  /// The scores of the channels of each kind of group, ascending: groups of one kind compete.
  private let pools: [Int: [Double]]
  /// The kind of each group, where groups compete.
  private let kinds: [Int]
  /// The scores of each group, ascending, where groups compete.
  private let ascending: [[Double]]
  /// Fractions that were asked for of single groups, by number.
  private var fixed: [Int: Double]
  private let options: PruningOptions
  /// No atom at all.
  private let nothing: AtomSet

  /// - Parameters:
  ///   - scores: for each group a number for each of its atoms.
  ///   - protected: atoms that stay because a tensor would be left with nothing along an axis.
  ///   - kinds: for each group the number of its kind, where only groups of one kind compete.
  ///   - fixed: fractions that were asked for of single groups, by number.
  init(
    groups: [ChannelGroup], scores: [[Double]], protected: AtomSet, kinds: [Int],
    fixed: [Int: Double], options: PruningOptions, nothing: AtomSet
  ) {
    self.groups = groups
    self.fixed = fixed
    self.options = options
    self.nothing = nothing
    let ranked = groups.map { Self.ranked($0, scores[$0.index], protected) }
    self.ranked = ranked
    guard options.competition != .local else {
      (self.kinds, pools, ascending) = ([], [:], [])
      return
    }
    self.kinds = groups.map { options.competition == .isomorphic ? kinds[$0.index] : 0 }
    ascending = scores.map { $0.sorted() }
    var pools: [Int: [Double]] = [:]
    for (group, kind) in zip(groups, self.kinds)
    where Self.removable(ranked[group.index]) > 0 && fixed[group.index] == nil {
      pools[kind, default: []] += scores[group.index]
    }
    self.pools = pools.mapValues { $0.sorted() }
  }

  /// The atoms of each run that can go, the least important first; of equal ones that further back
  /// goes first.
  private static func ranked(
    _ group: ChannelGroup, _ scores: [Double], _ protected: AtomSet
  ) -> [[Int]] {
    group.runs.map { run in
      run.filter { group.frozen[$0] == nil && !protected.contains(group.atoms[$0]) }
        .sorted { scores[$0] == scores[$1] ? $0 > $1 : scores[$0] < scores[$1] }
        .map { group.atoms[$0] }
    }
  }

  /// How many atoms of each run can go.
  private static func removable(_ ranked: [[Int]]) -> Int { ranked.map(\.count).min() ?? 0 }

  /// The atoms to remove when every group loses the fraction `ratio`, or, where groups compete, when
  /// the fraction `ratio` of all channels that compete goes.
  func atoms(ratio: Double) -> AtomSet { remove(ratios(ratio)) }

  /// The atoms to remove when groups lose the given fractions, by number, and all others none.
  func atoms(fixed: [Int: Double]) -> AtomSet {
    var selection = self
    selection.fixed = fixed
    return selection.atoms(ratio: 0)
  }

  /// The fraction that each group loses.
  private func ratios(_ ratio: Double) -> [Double] {
    let wanted = options.competition == .local ? groups.map { _ in ratio } : competing(ratio)
    return groups.map { fixed[$0.index] ?? wanted[$0.index] }
  }

  /// The fraction of each group that lies below the threshold of those it competes with.
  private func competing(_ ratio: Double) -> [Double] {
    let thresholds = pools.mapValues { pool -> Double in
      let place = Int((Double(pool.count) * ratio).rounded(.toNearestOrEven))
      return place < pool.count ? pool[place] : .infinity
    }
    return groups.map { group in
      guard let threshold = thresholds[kinds[group.index]] else { return 0 }
      let below = ascending[group.index].firstIndex { !($0 < threshold) } ?? group.count
      return Double(below) / Double(max(group.count, 1))
    }
  }

  /// Removes the given fraction of each group.
  private func remove(_ ratios: [Double]) -> AtomSet {
    let widths = Widths(groups, ratios, options, removable: ranked.map { $0.map(\.count) })
    var removed = nothing
    for group in groups {
      for (place, run) in ranked[group.index].enumerated() {
        let kept = widths.uneven[group.index]?[place] ?? widths.kept[group.index]
        removed.insert(run.prefix(max(0, group.runs[place].count - kept)))
      }
    }
    return removed
  }

  /// The removal whose cost comes nearest to `goal`, and exceeds it by no more than one percent where that
  /// can be, with an exact count at each step, since cuts of inputs and outputs multiply: by bisection over the ratio, then over how many groups already take
  /// the larger one of the two ratios on either side of the goal.
  func atoms(goal: Double, cost: (AtomSet) -> Double) -> AtomSet {
    var low = 0.0, high = 1.0
    var best = atoms(ratio: 0)
    func distance(_ value: Double) -> (isTooMuch: Bool, distance: Double) {
      (value > 1.01 * goal, abs(value - goal))
    }
    var least = distance(cost(best))
    func attempt(_ candidate: AtomSet) -> Double {
      let value = cost(candidate), found = distance(value)
      if found.isTooMuch == least.isTooMuch ? found.distance < least.distance : least.isTooMuch {
        (best, least) = (candidate, found)
      }
      return value
    }
    for _ in 0..<20 {
      let middle = (low + high) / 2
      if attempt(atoms(ratio: middle)) > goal { low = middle } else { high = middle }
    }
    guard least.distance > goal / 1000 else { return best }
    let less = ratios(low), more = ratios(high)
    var first = 0, last = groups.count
    while last - first > 1 {
      let middle = (first + last) / 2
      let mixed = groups.map { $0.index < middle ? more[$0.index] : less[$0.index] }
      if attempt(remove(mixed)) > goal { first = middle } else { last = middle }
    }
    return best
  }
}
