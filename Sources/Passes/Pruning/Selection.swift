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
    case .local:
      return groups.reduce(into: []) { removed, group in
        removed.formUnion(remove(from: group, keeping: width(group, ratio: ratio)))
      }
    case .global:
      let threshold = globalThreshold(ratio)
      return groups.reduce(into: []) { removed, group in
        let below = group.atoms.reduce(0) { $0 + (scores[group.index][$1]! < threshold ? 1 : 0) }
        let fraction = Double(below) / Double(max(group.count, 1))
        removed.formUnion(remove(from: group, keeping: width(group, ratio: fraction)))
      }
    }
  }

  private func globalThreshold(_ ratio: Double) -> Double {
    let all = groups.filter { removable($0) > 0 }
      .flatMap { group in group.atoms.map { scores[group.index][$0]! } }.sorted()
    let place = Int((Double(all.count) * ratio).rounded(.toNearestOrEven))
    return place < all.count ? all[place] : .infinity
  }

  /// How many channels of each run of a group stay.
  private func width(_ group: ChannelGroup, ratio: Double) -> Int {
    let runs = group.classes.count
    let length = group.classes.first?.count ?? 0
    // The sum over the runs is rounded, and the runs keep equal numbers.
    let step = options.roundTo / greatestCommonDivisor(options.roundTo, max(runs, 1))
    let limited = min(ratio, options.maxRatio)
    let total = (Double(length * runs) * (1 - limited)).rounded(.toNearestOrEven)
    let steps = (total / Double(max(runs, 1)) / Double(step)).rounded(.toNearestOrEven)
    // Rounding down may not break the limit.
    let least = (Double(length) * (1 - options.maxRatio) / Double(step) - 1e-9).rounded(.up)
    let kept = Int(max(steps, least, 1)) * step
    return min(length, max(kept, length - removable(group)))
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
