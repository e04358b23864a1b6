internal import Execution
internal import IR
internal import Operators
internal import Samples

/// How much each atom matters.
///
/// Every weight that makes or reads an atom's channels contributes one number; these are reduced to
/// one, and divided by a number of the group (pruning.md, "Selection"). The defaults, L2 with means,
/// are Torch-Pruning's group magnitude with p = 2.
struct Importance {
  /// What the weights contribute to each atom.
  private let members: AtomScores
  /// The same for the L2 norm, for groups of which the criterion says nothing.
  private let fallback: AtomScores?
  private let options: PruningOptions
  private let removals: RemovalScores?

  init(
    _ coupling: Coupling, _ options: PruningOptions, _ measured: ChannelMeasurements
  ) throws(ModelError) {
    self.options = options
    removals = options.importance == .obs ? measured.removals : nil
    var members = AtomScores(coupling, options.reduction)
    var fallback: AtomScores?
    switch options.importance {
    case .l1: members.add(magnitudes: .magnitude)
    case .l2: members.add(magnitudes: .square)
    case .linf: members.add(magnitudes: .peak)
    case .bnScale: members.add(magnitudes: .magnitude, of: coupling.scales)
    case .fpgm: members.addDistances()
    case .random: break
    case .obs:
      guard removals != nil else { throw Self.unmeasured(options.importance) }
    case .scores:
      members.add(imported: options.scores)
      guard !members.isEmpty else {
        throw ModelError(
          .request,
          "scores: expected a list with an entry a channel for some weight of the model, found none"
        )
      }
    case .activation(let measure):
      guard let activations = measured.activations else {
        throw Self.unmeasured(options.importance)
      }
      members.add(measure, activations)
    case .gradient:
      guard let gradients = measured.gradients else {
        throw Self.unmeasured(options.importance)
      }
      members.add(gradients)
    }
    switch options.importance {
    case .bnScale, .scores, .activation, .gradient, .obs:
      fallback = AtomScores(coupling, options.reduction)
      fallback?.add(magnitudes: .square)
    default: break
    }
    self.members = members
    self.fallback = fallback
  }

  private static func unmeasured(_ importance: PruningOptions.Importance) -> ModelError {
    ModelError(
      .request, "importance: expected calibration data for '\(importance.name)', found none")
  }

  /// Scores of a group's atoms; 1 on average unless another normaliser was asked for.
  func scores(of group: ChannelGroup) -> [Double] {
    var raw: [Double]
    if case .random = options.importance {
      var generator = SplitMix64(seed: options.seed &+ UInt64(group.index) &* 0x9e37_79b9)
      raw = group.atoms.map { _ in Double.random(in: 0..<1, using: &generator) }
    } else {
      raw = contributions(to: group)
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
    return usable ? raw.map { $0 / divisor } : raw
  }
}

extension Importance {
  /// What is known of a group's atoms, one number each.
  private func contributions(to group: ChannelGroup) -> [Double] {
    if let removals {
      if group.atoms.contains(where: { removals[$0] != nil }) {
        return group.atoms.map { removals[$0] ?? 0 }
      }
      // Against others such a group counts as the mean.
      let norms = group.atoms.map { fallback?[$0] ?? 0 }
      let total = norms.reduce(0, +)
      return total > 0 ? norms.map { $0 / total * Double(norms.count) * removals.mean } : norms
    }
    let known = group.atoms.contains { members[$0] != nil }
    return group.atoms.map { (known ? members[$0] : fallback?[$0]) ?? 0 }
  }
}

/// What weights contribute to each atom, reduced to one number.
private struct AtomScores {
  private let coupling: Coupling
  private let reduction: PruningOptions.Reduction
  /// The sum, the greatest or the first of what was contributed to each atom.
  private var values: [Double]
  /// The number of contributions to each atom.
  private var counts: [Int32]
  private(set) var isEmpty = true
  /// The contribution of one weight, and the number of the weight that each part is of.
  private var parts: [Double]
  private var numbers: [Int32]
  private var number: Int32 = 0

  init(_ coupling: Coupling, _ reduction: PruningOptions.Reduction) {
    self.coupling = coupling
    self.reduction = reduction
    let count = coupling.space.count
    values = Array(repeating: 0, count: count)
    counts = Array(repeating: 0, count: count)
    parts = values
    numbers = counts
  }

  /// The number of an atom; nil when nothing was contributed to it.
  subscript(atom: Int) -> Double? {
    guard counts[atom] > 0 else { return nil }
    return reduction == .mean ? values[atom] / Double(counts[atom]) : values[atom]
  }

  /// Adds what a weight says of its slots: one contribution to each of their atoms.
  private mutating func add(_ slots: Range<Int>, _ contribution: [Double]) {
    number += 1
    isEmpty = false
    var atoms: [Int] = []
    for (slot, value) in zip(slots, contribution) {
      let atom = coupling.atom(slot)
      if numbers[atom] == number {
        parts[atom] += value
      } else {
        numbers[atom] = number
        parts[atom] = value
        atoms.append(atom)
      }
    }
    for atom in atoms {
      let value = parts[atom]
      switch reduction {
      case .mean, .sum: values[atom] += value
      case .max: if counts[atom] == 0 || values[atom] < value { values[atom] = value }
      case .first: if counts[atom] == 0 { values[atom] = value }
      }
      counts[atom] += 1
    }
  }

  /// Adds what the slices of every weight measure that makes, reads or scales a channel.
  mutating func add(magnitudes measure: SliceMeasure) {
    let roles = coupling.producers + coupling.consumers + coupling.scales
    let columns = coupling.groupedColumns.compactMap { columns in
      coupling.facts.weight(columns.node, columns.axis.port).map {
        (columns.channels, SliceReading(weight: $0, form: .columns(groups: columns.groups)))
      }
    }
    add(readings(of: roles) + columns, measure)
  }

  /// The same for some weights alone.
  mutating func add(magnitudes measure: SliceMeasure, of roles: [Coupling.Role]) {
    add(readings(of: roles), measure)
  }

  private mutating func add(
    _ readings: [(slots: Range<Int>, reading: SliceReading)], _ measure: SliceMeasure
  ) {
    for (entry, values) in zip(readings, readings.map(\.reading).measures(measure)) {
      if let values { add(entry.slots, values) }
    }
  }

  /// The weights behind roles; one that several nodes read counts once.
  private func readings(
    of roles: [Coupling.Role]
  ) -> [(slots: Range<Int>, reading: SliceReading)] {
    distinct(roles).compactMap { role in
      coupling.facts.weight(role.node, role.axis.port).map {
        (role.slots, SliceReading(weight: $0, form: .axis(role.axis.axis)))
      }
    }
  }

  private func distinct(_ roles: [Coupling.Role]) -> [Coupling.Role] {
    var seen: Set<Range<Int>> = []
    return roles.filter { seen.insert($0.slots).inserted }
  }

  /// Adds the distances of the slices that make a channel to each other.
  mutating func addDistances() {
    for role in distinct(coupling.producers) {
      guard let weight = coupling.facts.weight(role.node, role.axis.port),
        let values = weight.distances(along: role.axis.axis)
      else { continue }
      add(role.slots, values)
    }
  }

  /// Adds scores that were read from a file, by the names of weights.
  mutating func add(imported scores: [String: [Double]]) {
    let graph = coupling.facts.graph
    for role in distinct(coupling.producers) {
      guard case .input(let slot) = role.axis.port, let value = graph[role.node].inputs[slot],
        let values = scores[graph[value].name], values.count == role.slots.count
      else { continue }
      // Of several slices of a weight that make one channel the mean counts, not the sum.
      var slices: [Int: Int] = [:]
      for slot in role.slots { slices[coupling.atom(slot), default: 0] += 1 }
      add(role.slots, zip(role.slots, values).map { $1 / Double(slices[coupling.atom($0)] ?? 1) })
    }
  }

  /// Adds what the activations say that weights read.
  /// What gradients say of the slices that make channels.
  mutating func add(_ gradients: GradientStatistics) {
    for role in distinct(coupling.producers) {
      guard let values = gradients.slices(role), values.count == role.slots.count else { continue }
      add(role.slots, values)
    }
  }

  mutating func add(_ measure: ActivationMeasure, _ activations: ActivationStatistics) {
    for reading in coupling.activationReadings() {
      guard let channels = activations.channels(reading.value, axis: reading.axis),
        channels.count == reading.slots.count
      else { continue }
      var values = channels.map { $0.score(measure) }
      if measure == .wanda {
        guard let norms = reading.weightNorms else { continue }
        values = zip(values, norms).map { $0 * $1 }
      }
      add(reading.slots, values)
    }
  }
}
