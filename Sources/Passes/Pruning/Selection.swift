internal import IR
internal import Operators

/// Chooses the atoms to remove.
struct Selection {
  let groups: [ChannelGroup]
  let scores: [[Int: Double]]
  /// Atoms that stay because a tensor would be left with nothing along an axis.
  let protected: Set<Int>
  /// For each group the number of its kind: groups of one kind compete in isomorphic scope.
  let kinds: [Int]
  /// Fractions that were asked for of single groups, by number.
  let fixed: [Int: Double]
  let options: PruningOptions

  /// The atoms to remove when every group loses the fraction `ratio`, or, in the wider scopes, when
  /// the fraction `ratio` of all channels that compete goes.
  func atoms(ratio: Double) -> Set<Int> { remove(ratios(ratio)) }

  /// The fraction that each group loses.
  private func ratios(_ ratio: Double) -> [Double] {
    let wanted: [Double]
    switch options.scope {
    case .local: wanted = groups.map { _ in ratio }
    case .global: wanted = competing(ratio) { _ in 0 }
    case .isomorphic: wanted = competing(ratio) { kinds[$0.index] }
    }
    return groups.map { fixed[$0.index] ?? wanted[$0.index] }
  }

  /// The fraction of each group that lies below the threshold of those it competes with.
  private func competing(_ ratio: Double, _ kind: (ChannelGroup) -> Int) -> [Double] {
    var pools: [Int: [Double]] = [:]
    for group in groups where removable(group) > 0 && fixed[group.index] == nil {
      pools[kind(group), default: []] += group.atoms.map { scores[group.index][$0]! }
    }
    let thresholds = pools.mapValues { pool -> Double in
      let place = Int((Double(pool.count) * ratio).rounded(.toNearestOrEven))
      return place < pool.count ? pool.sorted()[place] : .infinity
    }
    return groups.map { group in
      guard let threshold = thresholds[kind(group)] else { return 0 }
      let below = group.atoms.reduce(0) { $0 + (scores[group.index][$1]! < threshold ? 1 : 0) }
      return Double(below) / Double(max(group.count, 1))
    }
  }

  /// Removes the given fraction of each group. Groups that make up the same weights are rounded
  /// together, so that the weights, not each small part of them, have round widths.
  private func remove(_ ratios: [Double]) -> Set<Int> {
    var removed: Set<Int> = []
    for family in families {
      // What earlier groups of the family kept, exactly and rounded.
      var exact = 0.0, rounded = 0
      for group in family {
        let kept = width(group, ratio: ratios[group.index], exact: &exact, rounded: &rounded)
        removed.formUnion(remove(from: group, keeping: kept))
      }
    }
    return removed
  }

  /// Groups that share producers, in order.
  private var families: [[ChannelGroup]] {
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
    let runs = max(group.classes.count, 1)
    let length = group.classes.first?.count ?? 0
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
    let kept = min(length, max(wanted, length - removable(group)))
    rounded += kept * runs
    return kept
  }

  /// How many atoms of each run can go.
  private func removable(_ group: ChannelGroup) -> Int {
    group.classes.map { run in run.count { isFree($0, group) } }.min() ?? 0
  }

  private func isFree(_ atom: Int, _ group: ChannelGroup) -> Bool {
    group.frozen[atom] == nil && !protected.contains(atom)
  }

  /// The least important atoms of each run; ties go to the channel further back.
  private func remove(from group: ChannelGroup, keeping width: Int) -> [Int] {
    let scores = scores[group.index]
    // Runs of unequal length are frozen, and nothing is left out of them.
    let count = (group.classes.first?.count ?? 0) - width
    return group.classes.flatMap { run -> [Int] in
      let free = run.enumerated().filter { isFree($0.element, group) }
      let ranked = free.sorted {
        let a = scores[$0.element]!, b = scores[$1.element]!
        return a == b ? $0.offset > $1.offset : a < b
      }
      return ranked.prefix(count).map(\.element)
    }
  }

  /// The removal whose cost comes nearest to `goal`, with an exact count at each step, since cuts of
  /// inputs and outputs multiply: by bisection over the ratio, then over how many groups already take
  /// the larger one of the two ratios on either side of the goal.
  func atoms(
    goal: Double, cost: (Set<Int>) throws(ModelError) -> Double
  ) throws(ModelError) -> Set<Int> {
    var low = 0.0, high = 1.0
    var best = atoms(ratio: 0)
    var bestDistance = abs(try cost(best) - goal)
    func attempt(_ candidate: Set<Int>) throws(ModelError) -> Double {
      let value = try cost(candidate)
      if abs(value - goal) < bestDistance {
        best = candidate
        bestDistance = abs(value - goal)
      }
      return value
    }
    for _ in 0..<20 {
      let middle = (low + high) / 2
      if try attempt(atoms(ratio: middle)) > goal { low = middle } else { high = middle }
    }
    guard bestDistance > goal / 1000 else { return best }
    let less = ratios(low), more = ratios(high)
    var first = 0, last = groups.count
    while last - first > 1 {
      let middle = (first + last) / 2
      let mixed = groups.map { $0.index < middle ? more[$0.index] : less[$0.index] }
      if try attempt(remove(mixed)) > goal { first = middle } else { last = middle }
    }
    return best
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
