/// How many channels of each run of every group stay.
///
/// Groups that make up the same weights are rounded together, so that the weights, not each small
/// part of them, have the width that was asked for and a round one.
struct Widths {
  /// For each group what each of its runs keeps.
  private(set) var kept: [Int]

  /// For groups whose runs keep different numbers these; for all others none.
  private(set) var uneven: [Int: [Int]] = [:]

  private let groups: [ChannelGroup]
  private let options: PruningOptions
  /// Channels that each group would keep were there no rounding: its share, or what cannot go.
  private let exact: [Double]
  /// What each run of a group can keep.
  private let bounds: [ClosedRange<Int>]

  init(
    _ groups: [ChannelGroup], _ ratios: [Double], _ options: PruningOptions,
    removable: [[Int]]
  ) {
    self.groups = groups
    self.options = options
    bounds = groups.map { group in
      let length = group.runs.first?.count ?? 0
      let limit = (Double(length) * (1 - options.maxRatio) - 1e-9).rounded(.up)
      let floor = max(
        Int(limit), min(options.minChannels, length), length - (removable[group.index].min() ?? 0))
      return min(floor, length)...length
    }
    let floors = bounds.map(\.lowerBound)
    exact = groups.map { group in
      let share = Double(group.count) * (1 - min(ratios[group.index], options.maxRatio))
      // What cannot go is no reason for others to go.
      return max(share, Double(floors[group.index] * group.runs.count))
    }
    kept = Array(repeating: 0, count: groups.count)
    for family in families {
      if family.count == 1 { kept[family[0]] = alone(family[0]) } else { share(family) }
    }
    for group in groups where group.runs.count > 1 {
      uneven[group.index] = shares(of: group, removable[group.index], ratios[group.index])
    }
  }

  /// Groups that share producers, in order, by index.
  private var families: [[Int]] {
    var sets = UnionFind(count: groups.count)
    var first: [Int: Int] = [:]
    for group in groups {
      for producer in group.producers {
        if let known = first[producer] {
          sets.unite(known, group.index)
        } else {
          first[producer] = group.index
        }
      }
    }
    var members: [Int: [Int]] = [:]
    for group in groups { members[sets.root(group.index), default: []].append(group.index) }
    return members.values.sorted { $0[0] < $1[0] }
  }

  /// The width of the runs of a group that shares no weight with another.
  private func alone(_ index: Int) -> Int {
    let runs = max(groups[index].runs.count, 1)
    // The sum over the runs is rounded, and the runs keep equal numbers.
    let step = options.roundTo / greatestCommonDivisor(options.roundTo, runs)
    let unit = Double(step * runs)
    let total = exact[index].rounded(.toNearestOrEven)
    let goal = max((total / unit).rounded(.toNearestOrEven) * unit, unit)
    // Rounding down may not break the limits.
    let length = Double(bounds[index].upperBound)
    let limit = (length * (1 - options.maxRatio) / Double(step) - 1e-9).rounded(.up)
    let wanted = Int(max((goal / Double(runs)).rounded(.up), limit * Double(step)))
    return min(bounds[index].upperBound, max(wanted, bounds[index].lowerBound))
  }

  /// The widths of runs that grouped operators cut in different ways; nil for other groups.
  private func shares(of group: ChannelGroup, _ removable: [Int], _ ratio: Double) -> [Int]? {
    let sizes = group.runs.map(\.count)
    let kept = 1 - min(ratio, options.maxRatio)
    let exact = sizes.map { Double($0) * kept }
    let shares = BlockShares(sizes: sizes, places: group.places, exact: exact)
    guard shares != nil || Set(sizes).count > 1 else { return nil }
    let least = sizes.indices.map { run in
      let limit = Int((Double(sizes[run]) * (1 - options.maxRatio) - 1e-9).rounded(.up))
      return max(limit, sizes[run] - removable[run])
    }
    let widths =
      if let shares {
        shares.widths(least: least, step: options.roundTo)
      } else {
        Self.fraction(of: sizes, least: least, nearest: kept, step: options.roundTo)
      }
    // Where nothing fits, all stay.
    return widths ?? sizes
  }

  /// The same fraction of every run, the one nearest to `kept`: blocks that were equal stay so,
  /// however many operators cut the channels, and in whatever ways.
  private static func fraction(
    of sizes: [Int], least: [Int], nearest kept: Double, step: Int
  ) -> [Int]? {
    let parts = sizes.reduce(0, greatestCommonDivisor)
    // Of two as near the wider one comes first, and is taken.
    let choices = (1...max(parts, 1)).reversed().map { part in
      sizes.map { $0 / max(parts, 1) * part }
    }
    .filter { widths in
      widths.reduce(0, +).isMultiple(of: step) && zip(widths, least).allSatisfy { $0 >= $1 }
    }
    let goal = Double(sizes.reduce(0, +)) * kept
    return choices.min { a, b in
      abs(Double(a.reduce(0, +)) - goal) < abs(Double(b.reduce(0, +)) - goal)
    }
  }

  // MARK: Groups that share weights

  /// A weight that several groups make up.
  private struct Shared {
    /// The groups, and how many of its channels one more index in each of their runs is.
    var parts: [(group: Int, channels: Double)] = []
    var wanted = 0.0
  }

  /// Rounds each group by itself, then moves single channels to and fro while that brings the
  /// weights nearer to what they should have.
  private mutating func share(_ family: [Int]) {
    let weights = sharedWeights(family)
    for index in family {
      let runs = Double(max(groups[index].runs.count, 1))
      let nearest = Int((exact[index] / runs).rounded(.toNearestOrEven))
      kept[index] = min(max(nearest, bounds[index].lowerBound), bounds[index].upperBound)
    }
    var readers: [Int: [(weight: Int, channels: Double)]] = [:]
    for (position, weight) in weights.enumerated() {
      for part in weight.parts {
        readers[part.group, default: []].append((position, part.channels))
      }
    }
    var excess = weights.map { weight in
      weight.parts.reduce(-weight.wanted) { $0 + $1.channels * Double(kept[$1.group]) }
    }
    let steps = family.flatMap { [Move(group: $0, change: -1), Move(group: $0, change: 1)] }
    // Each round brings the weights nearer by at least one channel.
    while excess.contains(where: { $0 != 0 }) {
      var best: (moves: [Move], gain: Double, cost: Double)?
      func consider(_ moves: [Move]) {
        guard moves.allSatisfy({ bounds[$0.group].contains(kept[$0.group] + $0.change) }) else {
          return
        }
        var changes: [Int: Double] = [:]
        for move in moves {
          for (weight, channels) in readers[move.group] ?? [] {
            changes[weight, default: 0] += channels * Double(move.change)
          }
        }
        let gain = changes.sorted { $0.key < $1.key }.reduce(0) { total, change in
          let old = excess[change.key], new = old + change.value
          return total + old * old - new * new
        }
        guard gain > 0.5 else { return }
        let cost = moves.reduce(0) { $0 + departure($1) }
        if best.map({ gain > $0.gain || (gain == $0.gain && cost < $0.cost) }) ?? true {
          best = (moves, gain, cost)
        }
      }
      for step in steps { consider([step]) }
      if best == nil, family.count <= 32 {
        for (place, first) in steps.enumerated() {
          for second in steps[(place + 1)...] where second.group != first.group {
            consider([first, second])
          }
        }
      }
      guard let best else { return }
      for move in best.moves {
        kept[move.group] += move.change
        for (weight, channels) in readers[move.group] ?? [] {
          excess[weight] += channels * Double(move.change)
        }
      }
    }
  }

  /// One channel more or less in each run of a group.
  private struct Move {
    let group: Int
    let change: Int
  }

  /// How far a group would be from its exact share, relative to its size, less how far it is.
  private func departure(_ move: Move) -> Double {
    let runs = Double(max(groups[move.group].runs.count, 1))
    func distance(_ width: Int) -> Double { abs(Double(width) * runs - exact[move.group]) }
    let now = kept[move.group]
    return (distance(now + move.change) - distance(now)) / Double(max(groups[move.group].count, 1))
  }

  /// The weights of a family with what they should keep.
  private func sharedWeights(_ family: [Int]) -> [Shared] {
    var weights: [Int: Shared] = [:]
    for index in family {
      let group = groups[index]
      for (producer, share) in zip(group.producers, group.shares) where group.count > 0 {
        let each = Double(share) / Double(group.count)
        let runs = Double(max(group.runs.count, 1))
        weights[producer, default: Shared()].parts.append((index, each * runs))
        weights[producer, default: Shared()].wanted += each * exact[index]
      }
    }
    let unit = Double(options.roundTo)
    return weights.sorted { $0.key < $1.key }.map { _, weight in
      var weight = weight
      let total = weight.wanted.rounded(.toNearestOrEven)
      weight.wanted = max((total / unit).rounded(.toNearestOrEven) * unit, unit)
      return weight
    }
  }
}

func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
