internal import IR
internal import Operators

/// Data movement: which axis of an output each axis of an input is read on.
extension Coupling {
  /// What tracing found at one node.
  struct Movement {
    let node: NodeID
    let axes: [TracedAxis]
  }

  /// Chooses a reading for every axis that is moved: those that reach the consumers without
  /// freezing first, then those that leave most channels.
  mutating func resolve(_ movements: [Movement]) {
    // Unambiguous movements first, so that what they connect is known to the choices.
    let (plain, ambiguous) = movements.reduce(into: ([Movement](), [Movement]())) {
      parts, movement in
      let links = movement.axes.flatMap(\.readings)
      let clear =
        movement.axes.allSatisfy { $0.readings.count <= 1 }
        && !links.contains { link in
          links.contains {
            $0.to == link.to && $0.from.port == link.from.port && $0.from != link.from
          }
        }
      if clear { parts.0.append(movement) } else { parts.1.append(movement) }
    }
    for movement in plain { settle(movement, attention) }
    let before = self
    settle(ambiguous, attention)
    // Choices that freeze channels which others would not are made anew.
    guard attention == .auto, strandsChannels else { return }
    var most = freeAtoms()
    for other in [PruningOptions.Attention.widths, .heads] {
      var attempt = before
      attempt.settle(ambiguous, other)
      let free = attempt.freeAtoms()
      if free > most { (self, most) = (attempt, free) }
    }
  }

  /// Settles movements, those first of which it is known whether an axis of theirs counts heads.
  private mutating func settle(_ movements: [Movement], _ attention: PruningOptions.Attention) {
    guard attention != .auto else {
      for movement in movements { settle(movement, attention) }
      return
    }
    var rest = movements
    while !rest.isEmpty {
      let heads = headAtoms()
      let next = rest.firstIndex { movement in
        movement.axes.contains { $0.readings.contains { countsHeads(movement.node, $0, heads) } }
      }
      settle(rest.remove(at: next ?? 0), attention)
    }
  }

  /// The atoms of heads, as far as they are known.
  private mutating func headAtoms() -> Set<Int> {
    var atoms: Set<Int> = []
    for slot in parallel.joined() { atoms.insert(root(slot)) }
    return atoms
  }

  /// Whether a reading takes an axis for one that counts heads.
  private mutating func countsHeads(_ id: NodeID, _ link: TracedLink, _ heads: Set<Int>) -> Bool {
    guard !heads.isEmpty else { return false }
    for axis in [link.from, link.to] {
      for slot in slots(id, axis) ?? 0..<0 where heads.contains(root(slot)) { return true }
    }
    return false
  }

  /// The atoms that weights make and that can go.
  private mutating func freeAtoms() -> Int {
    var free: Set<Int> = []
    for role in producers {
      for slot in role.slots {
        if !isFrozen(slot) { free.insert(root(slot)) }
      }
    }
    return free.count
  }

  /// Unites the axes of one movement as its chosen readings say, and freezes what they leave out.
  private mutating func settle(_ movement: Movement, _ attention: PruningOptions.Attention) {
    let id = movement.node
    let label = facts.graph.label(id)
    let (candidates, chosen) = chooseReadings(movement, attention)
    for link in chosen {
      guard let from = slots(id, link.from), let to = slots(id, link.to) else { continue }
      for (label, index) in link.pairs { unite(from.lowerBound + label, to.lowerBound + index) }
      for index in link.mixed {
        freeze(to.lowerBound + index, "\(label): adds elements of its own to this slice")
      }
    }
    freezeUnread(id, movement, chosen, label)
    for pin in movement.axes.flatMap(\.pinned) {
      guard let slots = slots(id, pin.axis) else { continue }
      for index in pin.indices where index < slots.count {
        freeze(slots.lowerBound + index, "\(label): what it reads here has one index only")
      }
    }
    freezeSpread(id, movement, chosen, label)
    for link in candidates where !chosen.contains(where: { $0.to == link.to }) {
      if let to = slots(id, link.to) {
        strandsChannels = true
        freeze(
          to, "\(label): here channels go at the same place of every block, so that no block goes")
      }
    }
  }

  /// The readings of a movement in order of preference, and those of them that hold together.
  private mutating func chooseReadings(
    _ movement: Movement, _ attention: PruningOptions.Attention
  ) -> (candidates: [TracedLink], chosen: [TracedLink]) {
    let id = movement.node
    let readings = movement.axes.flatMap(\.readings)
    let blocked = readings.map { isBlocked(id, $0.from) || isBlocked(id, $0.to) }
    let known = attention == .auto ? [] : headAtoms()
    let isWanted = readings.map { link in
      !known.isEmpty && countsHeads(id, link, known) == (attention == .heads)
    }
    let order = readings.indices.sorted {
      if blocked[$0] != blocked[$1] { return !blocked[$0] }
      if isWanted[$0] != isWanted[$1] { return isWanted[$0] }
      // Of several axes of heads the outer one goes: a head of keys with those that share it.
      if attention == .heads, isWanted[$0] { return $0 < $1 }
      if readings[$0].classes != readings[$1].classes {
        return readings[$0].classes > readings[$1].classes
      }
      return $0 < $1
    }
    let candidates = order.map { readings[$0] }
    var chosen: [TracedLink] = []
    for candidate in candidates {
      // An axis is read on one axis of each output, and carries one axis of each input.
      let taken = chosen.contains {
        ($0.from == candidate.from && $0.to.port == candidate.to.port && $0.to != candidate.to)
          || ($0.to == candidate.to && $0.from.port == candidate.from.port
            && $0.from != candidate.from)
      }
      if !taken { chosen.append(candidate) }
    }
    return (candidates, chosen)
  }

  /// Freezes what is not read on an output: a slice of it is spread over all of the output.
  private mutating func freezeSpread(
    _ id: NodeID, _ movement: Movement, _ chosen: [TracedLink], _ label: String
  ) {
    for axis in movement.axes {
      let read = chosen.contains { $0.from == axis.from && $0.to.port == .output(axis.output) }
      guard !read, let from = slots(id, axis.from) else { continue }
      let reason =
        if axis.present.count == 1 {
          "what it reads here has one index only"
        } else if axis.readings.isEmpty {
          "every slice of its output holds elements of all indices"
        } else {
          "here channels go at the same place of every block, so that no block goes"
        }
      for index in axis.present where index < from.count {
        strandsChannels = true
        freeze(from.lowerBound + index, "\(label): \(reason)")
      }
    }
  }

  /// Freezes axes of outputs that no axis is read on, where elements come from an axis of unknown
  /// length that goes elsewhere: one that a batch and heads were folded into.
  private mutating func freezeUnread(
    _ id: NodeID, _ movement: Movement, _ chosen: [TracedLink], _ label: String
  ) {
    func open(_ shape: Shape?) -> Dimension {
      (shape?.dimensions ?? [.unknown]).reduce(.known(1)) { $1.value == nil ? $0 * $1 : $0 }
    }
    let inputs = facts.inputs(id), outputs = facts.outputs(id)
    let sources = Set(movement.axes.map(\.from.port)).map { port -> Dimension in
      if case .input(let slot) = port { open(inputs.shape(slot)) } else { .unknown }
    }
    for (number, output) in outputs.enumerated() where !sources.contains(open(output.shape)) {
      for axis in 0..<(output.shape?.rank ?? 0) {
        let place = Axis(.output(number), axis)
        guard !chosen.contains(where: { $0.to == place }), let slots = slots(id, place) else {
          continue
        }
        freeze(slots, "\(label): its elements come from an axis of unknown length")
      }
    }
  }

  /// Whether everything along the axis is frozen already.
  private mutating func isBlocked(_ id: NodeID, _ axis: Axis) -> Bool {
    guard let slots = slots(id, axis) else { return false }
    return slots.allSatisfy { isFrozen($0) }
  }
}
