internal import IR
internal import Operators

/// Stands for the text that says why an atom cannot go.
typealias ReasonNumber = Int32

/// Which slots of a model stand and fall together, and which cannot go, with the reason.
///
/// Built by walking the nodes once and uniting slots as each operator's channel rule says
/// (pruning.md, "Propagation rules").
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

  let facts: TypedGraph
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
  private let cutsReductions: Bool
  /// Whether the reading of some axis froze another.
  var strandsChannels = false
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
  ///   - choices: what of it goes where there is a choice.
  ///   - barriers: nodes to treat as barriers, with the reason.
  init(
    _ facts: TypedGraph, _ choices: PruningOptions.Choices, barriers: [NodeID: String] = [:]
  ) {
    self.facts = facts
    attention = choices.attention
    cutsReductions = choices.cutsReductions
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
  mutating func root(_ slot: Int) -> Int { atoms.isEmpty ? sets.root(slot) : atom(slot) }

  /// Whether the set of a slot cannot go, as far as is known.
  mutating func isFrozen(_ slot: Int) -> Bool { reasonOfRoot[root(slot)] >= 0 }

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
      case .interchangeable(let axis): mentioned.insert(axis)
      case .freeze(let axis, let reason):
        mentioned.insert(axis)
        if let slots = slots(id, axis) { freeze(slots, "\(label): \(reason)") }
      case .blocks(let axis, let count):
        mentioned.insert(axis)
        if let slots = slots(id, axis) { blocks.append(Blocks(slots: slots, count: count)) }
      case .groupedColumns(let axis, let rows, let channels, let groups):
        mentioned.insert(axis)
        guard let channels = slots(id, channels) else { break }
        if let rows = slots(id, rows), isCuttable(id, axis.port) || isInterchangeable(id, axis) {
          groupedColumns.append(
            GroupedColumns(node: id, axis: axis, rows: rows, channels: channels, groups: groups))
        } else if let columns = slots(id, axis) {
          // A weight that is in sight, or computed of unlike columns, loses the same in each group.
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
      case .reduced(let axis):
        mentioned.insert(axis)
        if cutsReductions {
          add(&statistics, id, axis)
        } else if let slots = slots(id, axis) {
          freeze(slots, "\(label): reduced over")
        }
      case .moves(let inputs, let passing):
        let tracing = LabelTracing(
          op: op, inputs: facts.inputs(id), outputs: facts.outputs(id), moved: inputs,
          passing: passing)
        do throws(ModelError) {
          movements.append(Movement(node: id, axes: try traced.axes(facts.graph[id], tracing)))
        } catch {
          return freezeAll(
            of: id, "\(label): where its elements go does not follow from the shapes that are known"
          )
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

  /// Whether an operand is computed for this node alone, with equal slices along the axis, so that
  /// only their number matters.
  private func isInterchangeable(_ id: NodeID, _ axis: Axis) -> Bool {
    let graph = facts.graph
    guard case .input(let slot) = axis.port, let value = graph[id].inputs[safe: slot] ?? nil,
      graph.onlyConsumer(of: value) == id, let producer = graph[value].producer,
      let output = graph[producer].outputs.firstIndex(of: value), let op = facts.op(producer)
    else { return false }
    let rule = op.channels(facts.inputs(producer), facts.outputs(producer))
    return rule.relations.contains {
      guard case .interchangeable(let free) = $0 else { return false }
      return free == Axis(.output(output), axis.axis)
    }
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
}
