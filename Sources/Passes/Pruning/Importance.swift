internal import Executor
internal import IR
internal import Operators

/// How much each atom matters.
///
/// Every weight that makes or reads an atom's channels contributes one number; these are reduced to
/// one, and divided by a number of the group (PRUNING.md, "Selection"). The defaults, L2 with means,
/// are Torch-Pruning's group magnitude with p = 2.
struct Importance {
  /// What each weight contributes to an atom, those that make it first.
  private var members: [Int: [Double]] = [:]
  /// The same for the L2 norm, for groups of which the criterion says nothing.
  private var fallback: [Int: [Double]] = [:]
  private let options: PruningOptions

  init(
    _ coupling: inout Coupling, _ options: PruningOptions, _ activations: ActivationStatistics?
  ) throws(ModelError) {
    self.options = options
    switch options.importance {
    case .l1: members = coupling.magnitudes(.magnitude)
    case .l2: members = coupling.magnitudes(.square)
    case .linf: members = coupling.magnitudes(.peak)
    case .bnScale: members = coupling.magnitudes(.magnitude, of: coupling.scales)
    case .fpgm:
      members = coupling.contributions(of: coupling.producers) { $0.distances(along: $1) }
    case .random: break
    case .scores:
      members = coupling.contributions(of: coupling.producers, imported: options.scores)
      guard !members.isEmpty else {
        throw ModelError(
          .request,
          "scores: expected a list with an entry a channel for some weight of the model, found none"
        )
      }
    case .activation(let measure):
      guard let activations else {
        throw ModelError(
          .request, "importance: expected calibration data for '\(measure.rawValue)', found none")
      }
      members = coupling.contributions(measure, activations)
    }
    switch options.importance {
    case .bnScale, .scores, .activation: fallback = coupling.magnitudes(.square)
    default: break
    }
  }

  /// Scores of a group's atoms; 1 on average unless another normaliser was asked for.
  func scores(of group: ChannelGroup) -> [Int: Double] {
    let atoms = group.atoms
    var raw: [Double]
    if case .random = options.importance {
      var generator = SplitMix64(seed: options.seed &+ UInt64(group.index) &* 0x9e37_79b9)
      raw = atoms.map { _ in Double.random(in: 0..<1, using: &generator) }
    } else {
      let known = atoms.contains { members[$0] != nil }
      raw = atoms.map { reduce((known ? members[$0] : fallback[$0]) ?? []) }
    }
    for index in raw.indices where !raw[index].isFinite { raw[index] = .greatestFiniteMagnitude }
    let divisor: Double =
      switch options.normalizer {
      case .mean: raw.reduce(0, +) / Double(max(raw.count, 1))
      case .sum: raw.reduce(0, +)
      case .max: raw.max() ?? 0
      case .none: 1
      }
    let usable = divisor > 0 && divisor.isFinite
    return Dictionary(uniqueKeysWithValues: zip(atoms, raw.map { usable ? $0 / divisor : $0 }))
  }

  private func reduce(_ values: [Double]) -> Double {
    switch options.reduction {
    case .mean: values.reduce(0, +) / Double(max(values.count, 1))
    case .sum: values.reduce(0, +)
    case .max: values.max() ?? 0
    case .first: values.first ?? 0
    }
  }
}

extension Coupling {
  /// What the slices of every weight measure that makes, reads or scales a channel.
  fileprivate mutating func magnitudes(_ measure: SliceMeasure) -> [Int: [Double]] {
    var result = magnitudes(measure, of: producers + consumers + scales)
    for columns in groupedColumns {
      guard let weight = facts.weight(columns.node, columns.axis.port),
        let values = weight.measures(measure, groups: columns.groups)
      else { continue }
      add(columns.channels, values, to: &result)
    }
    return result
  }

  fileprivate mutating func magnitudes(
    _ measure: SliceMeasure, of roles: [Role]
  ) -> [Int: [Double]] {
    contributions(of: roles) { $0.measures(measure, along: $1) }
  }

  /// What each role's weight says of its atoms; a weight that several nodes read counts once.
  fileprivate mutating func contributions(
    of roles: [Role], _ measure: (Tensor, Int) -> [Double]?
  ) -> [Int: [Double]] {
    var result: [Int: [Double]] = [:]
    var done: Set<Range<Int>> = []
    for role in roles where done.insert(role.slots).inserted {
      guard let weight = facts.weight(role.node, role.axis.port),
        let values = measure(weight, role.axis.axis)
      else { continue }
      add(role.slots, values, to: &result)
    }
    return result
  }

  /// Scores that were read from a file, by the names of weights.
  fileprivate mutating func contributions(
    of roles: [Role], imported scores: [String: [Double]]
  ) -> [Int: [Double]] {
    var result: [Int: [Double]] = [:]
    var done: Set<Range<Int>> = []
    for role in roles where done.insert(role.slots).inserted {
      guard case .input(let slot) = role.axis.port, let value = facts.graph[role.node].inputs[slot],
        let values = scores[facts.graph[value].name], values.count == role.slots.count
      else { continue }
      add(role.slots, values, to: &result)
    }
    return result
  }

  /// What the activations say that weights read.
  fileprivate mutating func contributions(
    _ measure: ActivationMeasure, _ activations: ActivationStatistics
  ) -> [Int: [Double]] {
    var result: [Int: [Double]] = [:]
    for reading in activationReadings() {
      guard let channels = activations.channels(reading.value, axis: reading.axis),
        channels.count == reading.slots.count
      else { continue }
      var values = channels.map { $0.score(measure) }
      if measure == .wanda {
        guard let norms = reading.weightNorms else { continue }
        values = zip(values, norms).map { $0 * $1 }
      }
      add(reading.slots, values, to: &result)
    }
    return result
  }

  private mutating func add(
    _ slots: Range<Int>, _ values: [Double], to result: inout [Int: [Double]]
  ) {
    var sums: [(atom: Int, sum: Double)] = []
    var places: [Int: Int] = [:]
    for (slot, value) in zip(slots, values) {
      let atom = atom(slot)
      if let place = places[atom] {
        sums[place].sum += value
      } else {
        places[atom] = sums.count
        sums.append((atom, value))
      }
    }
    for entry in sums { result[entry.atom, default: []].append(entry.sum) }
  }
}

extension Facts {
  /// The constant behind a node's input.
  func weight(_ node: NodeID, _ port: Port) -> Tensor? {
    guard case .input(let slot) = port, let value = graph[node].inputs[safe: slot] ?? nil else {
      return nil
    }
    return graph[value].initializer ?? constant(value)
  }
}
