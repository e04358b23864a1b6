internal import IR
internal import Operators

/// Chooses the atoms to remove.
struct Selection {
  let groups: [ChannelGroup]
  let scores: [[Int: Double]]
  /// Atoms that stay because a tensor would be left with nothing along an axis.
  let protected: Set<Int>
  let options: PruningOptions

  /// The atoms to remove when every group loses the fraction `ratio`, or, in global scope, when
  /// the fraction `ratio` of all channels goes.
  func atoms(ratio: Double) -> Set<Int> {
    switch options.scope {
    case .local: return remove { _ in ratio }
    case .global:
      let threshold = globalThreshold(ratio)
      return remove { group in
        let below = group.atoms.reduce(0) { $0 + (scores[group.index][$1]! < threshold ? 1 : 0) }
        return Double(below) / Double(max(group.count, 1))
      }
    }
  }

  /// Removes the fraction that `ratio` says from each group. Groups that make up the same weights
  /// are rounded together, so that the weights, not each small part of them, have round widths.
  private func remove(_ ratio: (ChannelGroup) -> Double) -> Set<Int> {
    var removed: Set<Int> = []
    for family in families {
      // What earlier groups of the family kept, exactly and rounded.
      var exact = 0.0, rounded = 0
      for group in family {
        let kept = width(group, ratio: ratio(group), exact: &exact, rounded: &rounded)
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
      if let known = group.producers.lazy.compactMap({ familyOfProducer[$0] }).first {
        families[known].append(group)
        for producer in group.producers where familyOfProducer[producer] == nil {
          familyOfProducer[producer] = known
        }
      } else {
        for producer in group.producers { familyOfProducer[producer] = families.count }
        families.append([group])
      }
    }
    return families
  }

  private func globalThreshold(_ ratio: Double) -> Double {
    let all = groups.filter { removable($0) > 0 }
      .flatMap { group in group.atoms.map { scores[group.index][$0]! } }.sorted()
    let place = Int((Double(all.count) * ratio).rounded(.toNearestOrEven))
    return place < all.count ? all[place] : .infinity
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

  /// The removal whose cost comes nearest to `goal`, by bisection over the ratio with an exact
  /// count at each step, since cuts of inputs and outputs multiply.
  func atoms(
    goal: Double, cost: (Set<Int>) throws(ModelError) -> Double
  ) throws(ModelError) -> Set<Int> {
    var low = 0.0, high = 1.0
    var best = atoms(ratio: 0)
    var bestDistance = abs(try cost(best) - goal)
    for _ in 0..<24 {
      let middle = (low + high) / 2
      let candidate = atoms(ratio: middle)
      let value = try cost(candidate)
      if abs(value - goal) < bestDistance {
        best = candidate
        bestDistance = abs(value - goal)
      }
      if value > goal { low = middle } else { high = middle }
    }
    return best
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
