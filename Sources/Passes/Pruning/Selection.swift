internal import IR
internal import Operators

/// Chooses the atoms to remove.
struct Selection {
  private let groups: [ChannelGroup]
  /// Groups that share producers, in order.
  private let families: [[ChannelGroup]]
  /// For each run of each group what can go, the least important first, as atoms.
  private let ranked: [[[Int]]]
  /// The scores of the channels of each kind of group, ascending: groups of one kind compete.
  private let pools: [Int: [Double]]
  /// The kind of each group in the wider scopes.
  private let kinds: [Int]
  /// The scores of each group, ascending, where groups compete.
  private let ascending: [[Double]]
  /// Fractions that were asked for of single groups, by number.
  private let fixed: [Int: Double]
  private let options: PruningOptions
  /// No atom at all.
  private let nothing: AtomSet

  /// - Parameters:
  ///   - scores: for each group a number for each of its atoms.
  ///   - protected: atoms that stay because a tensor would be left with nothing along an axis.
  ///   - kinds: for each group the number of its kind, in isomorphic scope.
  ///   - fixed: fractions that were asked for of single groups, by number.
  init(
    groups: [ChannelGroup], scores: [[Double]], protected: AtomSet, kinds: [Int],
    fixed: [Int: Double], options: PruningOptions, nothing: AtomSet
  ) {
    self.groups = groups
    families = Self.families(groups)
    self.fixed = fixed
    self.options = options
    self.nothing = nothing
    let ranked = groups.map { Self.ranked($0, scores[$0.index], protected) }
    self.ranked = ranked
    guard options.scope != .local else {
      (self.kinds, pools, ascending) = ([], [:], [])
      return
    }
    self.kinds = groups.map { options.scope == .isomorphic ? kinds[$0.index] : 0 }
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

  /// The atoms to remove when every group loses the fraction `ratio`, or, in the wider scopes, when
  /// the fraction `ratio` of all channels that compete goes.
  func atoms(ratio: Double) -> AtomSet { remove(ratios(ratio)) }

  /// The fraction that each group loses.
  private func ratios(_ ratio: Double) -> [Double] {
    let wanted = options.scope == .local ? groups.map { _ in ratio } : competing(ratio)
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

  /// Removes the given fraction of each group. Groups that make up the same weights are rounded
  /// together, so that the weights, not each small part of them, have round widths.
  private func remove(_ ratios: [Double]) -> AtomSet {
    var removed = nothing
    for family in families {
      // What earlier groups of the family kept, exactly and rounded.
      var exact = 0.0, rounded = 0
      for group in family {
        let kept = width(group, ratio: ratios[group.index], exact: &exact, rounded: &rounded)
        // Runs of unequal length are frozen, and nothing is left out of them.
        let count = max(0, (group.runs.first?.count ?? 0) - kept)
        for run in ranked[group.index] { removed.insert(run.prefix(count)) }
      }
    }
    return removed
  }

  private static func families(_ groups: [ChannelGroup]) -> [[ChannelGroup]] {
    var families: [[ChannelGroup]] = []
    var familyOfProducer: [Int: Int] = [:]
    for group in groups {
      let known = group.producers.lazy.compactMap { familyOfProducer[$0] }.first
      let family = known ?? families.count
      if known == nil { families.append([]) }
      families[family].append(group)
      for producer in group.producers where familyOfProducer[producer] == nil {
        familyOfProducer[producer] = family
      }
    }
    return families
  }

  /// How many channels of each run of a group stay.
  ///
  /// - Parameters:
  ///   - exact: channels that the family keeps by its ratios up to here.
  ///   - rounded: channels that it keeps in fact.
  private func width(
    _ group: ChannelGroup, ratio: Double, exact: inout Double, rounded: inout Int
  ) -> Int {
    let runs = max(group.runs.count, 1)
    let length = group.runs.first?.count ?? 0
    // The sum over the runs is rounded, and the runs keep equal numbers.
    let step = options.roundTo / greatestCommonDivisor(options.roundTo, runs)
    let limited = min(ratio, options.maxRatio)
    exact += Double(length * runs) * (1 - limited)
    let total = exact.rounded(.toNearestOrEven)
    let unit = Double(step * runs)
    let multiple = (total / unit).rounded(.toNearestOrEven) * unit
    // What is kept first is at least one step.
    let goal = max(multiple - Double(rounded), rounded == 0 ? unit : 0)
    // Rounding down may not break the limits.
    let limit = (Double(length) * (1 - options.maxRatio) / Double(step) - 1e-9).rounded(.up)
    let floor = max(limit * Double(step), Double(min(options.minChannels, length)))
    let wanted = Int(max((goal / Double(runs)).rounded(.up), floor, 0))
    let kept = min(length, max(wanted, length - Self.removable(ranked[group.index])))
    rounded += kept * runs
    return kept
  }

  /// The removal whose cost comes nearest to `goal`, with an exact count at each step, since cuts of
  /// inputs and outputs multiply: by bisection over the ratio, then over how many groups already take
  /// the larger one of the two ratios on either side of the goal.
  func atoms(goal: Double, cost: (AtomSet) -> Double) -> AtomSet {
    var low = 0.0, high = 1.0
    var best = atoms(ratio: 0)
    var bestDistance = abs(cost(best) - goal)
    func attempt(_ candidate: AtomSet) -> Double {
      let value = cost(candidate)
      if abs(value - goal) < bestDistance {
        best = candidate
        bestDistance = abs(value - goal)
      }
      return value
    }
    for _ in 0..<20 {
      let middle = (low + high) / 2
      if attempt(atoms(ratio: middle)) > goal { low = middle } else { high = middle }
    }
    guard bestDistance > goal / 1000 else { return best }
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

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
