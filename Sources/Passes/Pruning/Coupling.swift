internal import IR
internal import Operators

/// Stands for the text that says why an atom cannot go.
typealias ReasonNumber = Int32

/// Which slots of a model stand and fall together, and which cannot go, with the reason.
///
/// Built by walking the nodes once and uniting slots as each operator's channel rule says
/// (PRUNING.md, "Propagation rules").
struct Coupling {
  /// An axis of a node's operand that takes part in scoring, cutting or proving.
  struct Role {
    let node: NodeID
    let axis: Axis
    let slots: Range<Int>
  }

  /// The columns of a grouped convolution's weight, which serve other channels in each group.
  struct GroupedColumns {
    let node: NodeID
    let axis: Axis
    let rows: Range<Int>
    let channels: Range<Int>
    let groups: Int
  }

  /// An axis whose `count` equal runs must keep the same number of indices.
  struct Blocks {
    let slots: Range<Int>
    let count: Int
  }

  let facts: Facts
  let space: SlotSpace
  private(set) var producers: [Role] = []
  private(set) var consumers: [Role] = []
  private(set) var scales: [Role] = []
  private(set) var statistics: [Role] = []
  private(set) var groupedColumns: [GroupedColumns] = []
  private(set) var blocks: [Blocks] = []
  /// Axes whose indices products of two activations keep apart: heads.
  var parallel: [Range<Int>] = []
  let attention: PruningOptions.Attention
  /// Whether the reading of some axis froze another.
  private var strandsChannels = false
  /// Rows of nodes that are read as one permutation.
  let shuffles: [ChannelShuffle]

  private var traced = TracingMemory()
  /// The sets while they grow.
  private var sets: UnionFind
  /// The representative of every slot's atom, once all are united.
  private var atoms: [Int32] = []
  private var reasonOfRoot: [ReasonNumber]
  private var reasons: [String] = []
  private var reasonIndex: [String: ReasonNumber] = [:]

  /// - Parameters:
  ///   - attention: what goes of attention.
  ///   - barriers: nodes to treat as barriers, with the reason.
  init(
    _ facts: Facts, attention: PruningOptions.Attention = .auto, barriers: [NodeID: String] = [:]
  ) {
    self.facts = facts
    self.attention = attention
    let rules = facts.graph.nodeIDs.map { id in
      facts.op(id)?.channels(facts.inputs(id), facts.outputs(id))
    }
    space = SlotSpace(facts, rules)
    sets = UnionFind(count: space.count)
    reasonOfRoot = Array(repeating: -1, count: space.count)
    shuffles = ChannelShuffle.all(facts, except: Set(barriers.keys))
    freezeBoundaries()
    var movements: [Movement] = []
    let shuffling = Set(shuffles.flatMap(\.nodes))
    for shuffle in shuffles { link(shuffle) }
    for (id, rule) in zip(facts.graph.nodeIDs, rules) where !shuffling.contains(id) {
      if let reason = barriers[id] {
        freezeAll(of: id, reason)
      } else {
        propagate(id, rule, &movements)
      }
    }
    resolve(movements)
    atoms = sets.roots()
    sets = UnionFind(count: 0)
    traced = TracingMemory()
  }

  /// The representative of a slot's atom.
  func atom(_ slot: Int) -> Int { Int(atoms[slot]) }

  /// Why the atom of a slot cannot go; nil when it can.
  func reason(_ slot: Int) -> String? { reasonNumber(slot).map(text) }

  /// The number of the reason why the atom of a slot cannot go; nil when it can.
  func reasonNumber(_ slot: Int) -> ReasonNumber? {
    let number = reasonOfRoot[atom(slot)]
    return number < 0 ? nil : number
  }

  /// The representative of a slot's set as it is now.
  private mutating func root(_ slot: Int) -> Int { atoms.isEmpty ? sets.root(slot) : atom(slot) }

  /// Keeps an atom from being removed.
  mutating func freeze(_ slot: Int, _ reason: String) {
    let root = root(slot)
    guard reasonOfRoot[root] < 0 else { return }
    reasonOfRoot[root] = number(of: reason)
  }

  /// The number of a reason.
  mutating func number(of reason: String) -> ReasonNumber {
    if let known = reasonIndex[reason] { return known }
    let number = ReasonNumber(reasons.count)
    reasonIndex[reason] = number
    reasons.append(reason)
    return number
  }

  /// What a reason says.
  func text(_ reason: ReasonNumber) -> String { reasons[Int(reason)] }

  mutating func unite(_ a: Int, _ b: Int) {
    guard let (kept, gone) = sets.unite(a, b) else { return }
    if reasonOfRoot[kept] < 0 { reasonOfRoot[kept] = reasonOfRoot[gone] }
  }

  mutating func freeze(_ slots: Range<Int>, _ reason: String) {
    let number = number(of: reason)
    for slot in slots {
      let root = root(slot)
      if reasonOfRoot[root] < 0 { reasonOfRoot[root] = number }
    }
  }

  private mutating func freezeTensor(_ tensor: SlotTensor, rank: Int, _ reason: String) {
    for axis in 0..<rank {
      if let slots = space[SlotAxis(tensor: tensor, axis: axis)] { freeze(slots, reason) }
    }
  }

  /// Graph inputs and outputs are the model's contract; what a subgraph reads is out of sight.
  private mutating func freezeBoundaries() {
    let graph = facts.graph
    for value in graph.valueIDs {
      guard let rank = graph[value].tensorType?.shape?.rank else { continue }
      let name = graph[value].name
      if graph.isInput(value), graph.constant(value) == nil {
        freezeTensor(.value(value), rank: rank, "graph input '\(name)'")
      }
      if graph.isOutput(value) {
        freezeTensor(.value(value), rank: rank, "graph output '\(name)'")
      }
      for case .capture(let holder) in graph[value].uses {
        freezeTensor(
          .value(value), rank: rank, "used inside the body of \(graph.label(holder))")
      }
    }
  }

  private func ports(_ id: NodeID) -> [Port] {
    let node = facts.graph[id]
    return node.inputs.indices.map { .input($0) } + node.outputs.indices.map { .output($0) }
  }

  private func rank(_ id: NodeID, _ port: Port) -> Int {
    space.tensor(facts.graph, id, port).flatMap {
      facts.graph[$0.value(facts.graph)].tensorType?.shape?.rank
    } ?? 0
  }

  private mutating func freezeAll(of id: NodeID, _ reason: String) {
    for port in ports(id) {
      guard let tensor = space.tensor(facts.graph, id, port) else { continue }
      freezeTensor(tensor, rank: rank(id, port), reason)
    }
  }

  func slots(_ id: NodeID, _ axis: Axis) -> Range<Int>? {
    space.slots(facts.graph, id, axis)
  }

  private mutating func propagate(
    _ id: NodeID, _ rule: ChannelRule?, _ movements: inout [Movement]
  ) {
    let label = facts.graph.label(id)
    guard let op = facts.op(id), let rule else {
      return freezeAll(of: id, "\(label): the operator is not known")
    }
    if let reason = rule.barrier { return freezeAll(of: id, "\(label): \(reason)") }
    var mentioned: Set<Axis> = []
    for relation in rule.relations {
      switch relation {
      case .same(let a, let b):
        mentioned.formUnion([a, b])
        link(id, a, b, factor: 1, label)
      case .spread(let small, let large, let factor):
        mentioned.formUnion([small, large])
        link(id, small, large, factor: factor, label)
      case .tiled(let small, let large, let count):
        mentioned.formUnion([small, large])
        tile(id, small, large, count: count, label)
      case .part(let small, let large, let start):
        mentioned.formUnion([small, large])
        join(id, small, large, start: start, label)
      case .quantized: break
      case .freeze(let axis, let reason):
        mentioned.insert(axis)
        if let slots = slots(id, axis) { freeze(slots, "\(label): \(reason)") }
      case .blocks(let axis, let count):
        mentioned.insert(axis)
        if let slots = slots(id, axis) { blocks.append(Blocks(slots: slots, count: count)) }
      case .groupedColumns(let axis, let rows, let channels, let groups):
        mentioned.insert(axis)
        guard let channels = slots(id, channels) else { break }
        if let rows = slots(id, rows), isCuttable(id, axis.port) {
          groupedColumns.append(
            GroupedColumns(node: id, axis: axis, rows: rows, channels: channels, groups: groups))
        } else if let columns = slots(id, axis) {
          // A weight that is computed or in sight keeps its form: the same columns in each group.
          for (place, channel) in channels.enumerated() {
            unite(columns.lowerBound + place % columns.count, channel)
          }
        } else {
          freeze(channels, "\(label): its weight has one column in each group")
        }
      case .produces(let axis): add(&producers, id, axis)
      case .consumes(let axis): add(&consumers, id, axis)
      case .parallel(let axis):
        if let slots = slots(id, axis) { parallel.append(slots) }
      case .heads(let channels):
        mentioned.formUnion((channels.places.ofQueries + channels.places.ofKeys).flatMap(\.axes))
        couple(id, channels, label)
      case .scales(let axis): add(&scales, id, axis)
      case .doesNotCommute(let axis): add(&statistics, id, axis)
      case .moves(let inputs, let passing):
        let tracing = LabelTracing(
          op: op, inputs: facts.inputs(id), outputs: facts.outputs(id), moved: inputs,
          passing: passing)
        do throws(ModelError) {
          movements.append(Movement(node: id, axes: try traced.axes(facts.graph[id], tracing)))
        } catch {
          return freezeAll(of: id, error.message)
        }
        for port in inputs.map({ Port.input($0) })
          + facts.graph[id].outputs.indices.map({ .output($0) })
        {
          for axis in 0..<rank(id, port) { mentioned.insert(Axis(port, axis)) }
        }
      }
    }
    for port in ports(id) {
      for axis in 0..<rank(id, port) where !mentioned.contains(Axis(port, axis)) {
        if let slots = slots(id, Axis(port, axis)) {
          freeze(slots, "\(label): its rule says nothing about this axis")
        }
      }
    }
  }

  /// Whether an operand is a constant that nothing but nodes can see.
  private func isCuttable(_ id: NodeID, _ port: Port) -> Bool {
    let graph = facts.graph
    guard case .input(let slot) = port, let value = graph[id].inputs[safe: slot] ?? nil else {
      return false
    }
    return graph.constant(value) != nil && !graph.isOutput(value) && !graph.isCaptured(value)
  }

  private func add(_ roles: inout [Role], _ id: NodeID, _ axis: Axis) {
    if let slots = slots(id, axis) { roles.append(Role(node: id, axis: axis, slots: slots)) }
  }

  /// Unites index i of `a` with the `factor` indices from i·factor of `b`.
  private mutating func link(_ id: NodeID, _ a: Axis, _ b: Axis, factor: Int, _ label: String) {
    let small = slots(id, a), large = slots(id, b)
    guard let small, let large, small.count * factor == large.count else {
      // One side has an unknown length or length 1: the other cannot shrink without it.
      for slots in [small, large].compactMap({ $0 }) {
        freeze(slots, "\(label): the length of an axis coupled to it is not known")
      }
      return
    }
    for index in 0..<large.count {
      unite(small.lowerBound + index / factor, large.lowerBound + index)
    }
  }

  /// Unites index i of `small` with index start + i of `large`.
  private mutating func join(
    _ id: NodeID, _ small: Axis, _ large: Axis, start: Int, _ label: String
  ) {
    guard let all = slots(id, large) else { return }
    guard let part = slots(id, small), start + part.count <= all.count else {
      // An operand with a single index cannot lose it.
      if start < all.count {
        freeze(all.lowerBound + start, "\(label): what it joins here has one index only")
      }
      return
    }
    for (place, slot) in part.enumerated() { unite(slot, all.lowerBound + start + place) }
  }

  /// Unites index i of `small` with index i of each of `count` runs of `large`.
  private mutating func tile(
    _ id: NodeID, _ small: Axis, _ large: Axis, count: Int, _ label: String
  ) {
    let one = slots(id, small), all = slots(id, large)
    guard let one, let all, one.count * count == all.count else {
      for slots in [one, all].compactMap({ $0 }) {
        freeze(slots, "\(label): the length of an axis coupled to it is not known")
      }
      return
    }
    for (place, slot) in all.enumerated() { unite(one.lowerBound + place % one.count, slot) }
  }

  // MARK: Data movement

  /// Unites the axes of a shuffle's input with those of its output.
  private mutating func link(_ shuffle: ChannelShuffle) {
    let rank = facts.graph[shuffle.input].tensorType?.shape?.rank ?? 0
    for axis in 0..<rank {
      guard let from = space[SlotAxis(tensor: .value(shuffle.input), axis: axis)],
        let to = space[SlotAxis(tensor: .value(shuffle.output), axis: axis)],
        from.count == to.count
      else { continue }
      for index in 0..<to.count {
        let source = axis == shuffle.axis ? shuffle.order[index] : index
        unite(from.lowerBound + source, to.lowerBound + index)
      }
    }
  }

  /// What tracing found at one node.
  private struct Movement {
    let node: NodeID
    let axes: [TracedAxis]
  }

  /// Chooses a reading for every axis that is moved: those that reach the consumers without
  /// freezing first, then those that leave most channels.
  private mutating func resolve(_ movements: [Movement]) {
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
        let atom = root(slot)
        if reasonOfRoot[atom] < 0 { free.insert(atom) }
      }
    }
    return free.count
  }

  private mutating func settle(_ movement: Movement, _ attention: PruningOptions.Attention) {
    let id = movement.node
    let label = facts.graph.label(id)
    var candidates = movement.axes.flatMap(\.readings)
    let blocked = candidates.map { isBlocked(id, $0.from) || isBlocked(id, $0.to) }
    let known = attention == .auto ? [] : headAtoms()
    let isWanted = candidates.map { link in
      !known.isEmpty && countsHeads(id, link, known) == (attention == .heads)
    }
    let order = candidates.indices.sorted {
      if blocked[$0] != blocked[$1] { return !blocked[$0] }
      if isWanted[$0] != isWanted[$1] { return isWanted[$0] }
      // Of several axes of heads the outer one goes: a head of keys with those that share it.
      if attention == .heads, isWanted[$0] { return $0 < $1 }
      if candidates[$0].classes != candidates[$1].classes {
        return candidates[$0].classes > candidates[$1].classes
      }
      return $0 < $1
    }
    candidates = order.map { candidates[$0] }
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
    // What is not read on an output cannot go: a slice of it is spread over all of the output.
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
    for link in candidates where !chosen.contains(where: { $0.to == link.to }) {
      if let to = slots(id, link.to) {
        strandsChannels = true
        freeze(
          to, "\(label): here channels go at the same place of every block, so that no block goes")
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
    return slots.allSatisfy { reasonOfRoot[root($0)] >= 0 }
  }
}
