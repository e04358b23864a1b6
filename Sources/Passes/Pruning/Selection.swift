internal import IR
internal import Operators

/// Chooses the atoms to remove.
struct Selection {
  let groups: [ChannelGroup]
  let scores: [[Int: Double]]
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
    let all = groups.filter { $0.removable > 0 }
      .flatMap { group in group.atoms.map { scores[group.index][$0]! } }.sorted()
    let place = Int((Double(all.count) * ratio).rounded(.toNearestOrEven))
    return place < all.count ? all[place] : .infinity
  }

  /// How many channels of each run of a group stay.
  private func width(_ group: ChannelGroup, ratio: Double) -> Int {
    let runs = group.classes.count
    let length = group.classes.first?.count ?? 0
    let limited = min(ratio, options.maxRatio)
    var total = (Double(length * runs) * (1 - limited)).rounded(.toNearestOrEven)
    if options.roundTo > 1 {
      let step = Double(options.roundTo)
      total = max(step, (total / step).rounded(.toNearestOrEven) * step)
      // Rounding down may not break the limit.
      while total < Double(length * runs) * (1 - options.maxRatio) { total += step }
    }
    let kept = Int((total / Double(runs)).rounded(.toNearestOrEven))
    return min(length, max(kept, 1, length - group.removable))
  }

  /// The least important atoms of each run; ties go to the channel further back.
  private func remove(from group: ChannelGroup, keeping width: Int) -> [Int] {
    let scores = scores[group.index]
    return group.classes.flatMap { run -> [Int] in
      let free = run.enumerated().filter { group.frozen[$0.element] == nil }
      let ranked = free.sorted {
        let a = scores[$0.element]!, b = scores[$1.element]!
        return a == b ? $0.offset > $1.offset : a < b
      }
      return ranked.prefix(run.count - width).map(\.element)
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
