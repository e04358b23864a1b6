internal import Kernels

/// The order in which channels go that costs what reads them least, each time with the rest adapted
/// (learning.md, "Choice and fit from one Hessian").
///
/// Of a run the cheapest channel goes next; of all runs the one that is furthest from what it is to lose,
/// so that channels which one layer reads side by side, as behind a Concat, are not kept for others that go
/// as well. Where each run has come to what it is to lose, channels that went are exchanged for some that
/// stay while that costs less; then the rest goes.
struct RemovalOrder {
  /// Channels that compete with each other.
  struct Run {
    /// As atoms.
    var atoms: [Int]
    /// How many are to go; nil where the order must do for any number.
    var goal: Int?
  }

  /// What reads channels.
  enum Reader {
    /// Layers that adapt, with the channel of each of their inputs.
    case layer([Int], RemovalTableau)
    /// A sum that does not, with the channel of each addend.
    case sum([Int], AddendLoss)
  }

  /// Where a channel is read.
  private struct Positions {
    let reader: Int
    let inputs: [Int]
  }

  /// A run on its way: what stays, and what went, in that order, with what it cost then.
  private struct Progress {
    var kept: [Int]
    var gone: [Int] = []
    var costs: [Double] = []
    let goal: Int

    /// The part of its way to a number that is ahead.
    func ahead(to goal: Int) -> Double {
      goal > 0 ? Double(goal - gone.count) / Double(goal) : 0
    }
  }

  private var positions: [Int: [Positions]] = [:]
  private var layers: [RemovalTableau] = []
  private var sums: [AddendLoss] = []
  private var runs: [Progress]
  /// So many exchanges of a run are made at most.
  private static let rounds = 20
  /// Of so many that went each time.
  private static let tried = 8

  /// - Parameter runs: channels without a reader cost nothing.
  init(_ runs: [Run], _ readers: [Reader]) {
    self.runs = runs.map { Progress(kept: $0.atoms, goal: $0.goal ?? 0) }
    for reader in readers {
      switch reader {
      case .layer(let atoms, let layer):
        note(atoms, reader: layers.count)
        layers.append(layer)
      case .sum(let atoms, let sum):
        note(atoms, reader: -1 - sums.count)
        sums.append(sum)
      }
    }
  }

  private mutating func note(_ atoms: [Int], reader: Int) {
    var inputs: [Int: [Int]] = [:]
    for (input, atom) in atoms.enumerated() { inputs[atom, default: []].append(input) }
    for (atom, inputs) in inputs {
      positions[atom, default: []].append(Positions(reader: reader, inputs: inputs))
    }
  }

  /// What each channel cost when it went, by atom: the later, the more.
  mutating func costs() -> [Int: Double] {
    eliminate(to: \.goal)
    for run in runs.indices { exchange(run) }
    eliminate { $0.kept.count + $0.gone.count }
    var costs: [Int: Double] = [:]
    for run in runs { for (atom, cost) in zip(run.gone, run.costs) { costs[atom] = cost } }
    return costs
  }

  /// What changes when a channel goes or comes back.
  private func change(_ atom: Int) -> Double {
    (positions[atom] ?? []).reduce(0) { total, read in
      total
        + (read.reader >= 0
          ? layers[read.reader].change(read.inputs) : sums[-1 - read.reader].change(read.inputs))
    }
  }

  private mutating func toggle(_ atom: Int) {
    for read in positions[atom] ?? [] {
      for input in read.inputs {
        if read.reader >= 0 {
          layers[read.reader].toggle(input)
        } else {
          sums[-1 - read.reader].toggle(input)
        }
      }
    }
  }

  /// Of equal ones the last.
  private func cheapest(_ atoms: [Int]) -> (place: Int, cost: Double)? {
    var best: (place: Int, cost: Double)?
    for (place, atom) in atoms.enumerated() {
      let cost = change(atom)
      if best.map({ cost <= $0.cost }) ?? true { best = (place, cost) }
    }
    return best
  }

  private mutating func eliminate(to goal: (Progress) -> Int) {
    let goals = runs.map(goal)
    while true {
      var next: Int?
      var furthest = 0.0
      for (number, run) in runs.enumerated() where !run.kept.isEmpty {
        let ahead = run.ahead(to: goals[number])
        if ahead > furthest { (next, furthest) = (number, ahead) }
      }
      guard let next, let found = cheapest(runs[next].kept) else { return }
      let atom = runs[next].kept.remove(at: found.place)
      runs[next].gone.append(atom)
      // What went before never counts for more.
      let least = runs[next].costs.last?.nextUp ?? 0
      runs[next].costs.append(max(found.cost, least))
      toggle(atom)
    }
  }

  /// Exchanges channels that went for others that stay while that costs less.
  private mutating func exchange(_ run: Int) {
    for _ in 0..<Self.rounds {
      let gains = runs[run].gone.map { change($0) }
      let likely = gains.indices.sorted { (-gains[$0], $0) < (-gains[$1], $1) }
      guard likely.prefix(Self.tried).contains(where: { exchange(run, $0, gains[$0]) }) else {
        return
      }
    }
  }

  /// Exchanges one that went for the one that is then cheapest, if that costs less than it gains.
  private mutating func exchange(_ run: Int, _ place: Int, _ gain: Double) -> Bool {
    let back = runs[run].gone[place]
    toggle(back)
    guard let found = cheapest(runs[run].kept), found.cost < gain * (1 - 1e-9) else {
      toggle(back)
      return false
    }
    let out = runs[run].kept[found.place]
    toggle(out)
    runs[run].gone[place] = out
    runs[run].kept[found.place] = back
    return true
  }
}
