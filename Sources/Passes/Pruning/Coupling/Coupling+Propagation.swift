internal import IR
internal import Operators

extension Coupling {
  /// Unites and freezes what the rule of a node's operator says, and notes who makes and reads
  /// channels and what has to be traced.
  mutating func propagate(
    _ id: NodeID, _ rule: ChannelRule?, _ movements: inout [Movement]
  ) {
    let label = facts.graph.label(id)
    guard let op = facts.op(id), let rule else {
      return freezeAll(of: id, "\(label): the operator is not known")
    }
    if let reason = rule.barrier { return freezeAll(of: id, "\(label): \(reason)") }
    var mentioned: Set<Axis> = []
    for relation in rule.relations {
      mentioned.formUnion(relation.coupled)
      if case .moves(let inputs, let passing) = relation {
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
        let results = facts.graph[id].outputs.indices.map { Port.output($0) }
        for port in inputs.map({ Port.input($0) }) + results {
          for axis in 0..<rank(id, port) { mentioned.insert(Axis(port, axis)) }
        }
      } else {
        couple(id, relation, label)
        note(id, relation)
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

  /// Unites and freezes slots as a relation says.
  private mutating func couple(_ id: NodeID, _ relation: ChannelRule.Relation, _ label: String) {
    switch relation {
    case .same(let a, let b): link(id, a, b, factor: 1, label)
    case .spread(let small, let large, let factor): link(id, small, large, factor: factor, label)
    case .tiled(let small, let large, let count): tile(id, small, large, count: count, label)
    case .part(let small, let large, let start): join(id, small, large, start: start, label)
    case .heads(let channels): couple(id, channels, label)
    case .freeze(let axis, let reason):
      if let slots = slots(id, axis) { freeze(slots, "\(label): \(reason)") }
    case .reduced(let axis) where !cutsReductions:
      if let slots = slots(id, axis) { freeze(slots, "\(label): reduced over") }
    case .groupedColumns(let axis, let rows, let channels, let groups):
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
    default: break
    }
  }

  /// Notes the part that an axis plays.
  private mutating func note(_ id: NodeID, _ relation: ChannelRule.Relation) {
    switch relation {
    case .produces(let axis): add(&producers, id, axis)
    case .consumes(let axis): add(&consumers, id, axis)
    case .scales(let axis): add(&scales, id, axis)
    case .doesNotCommute(let axis): add(&statistics, id, axis)
    case .reduced(let axis) where cutsReductions: add(&statistics, id, axis)
    case .parallel(let axis): if let slots = slots(id, axis) { parallel.append(slots) }
    case .blocks(let axis, let count):
      if let slots = slots(id, axis) { blocks.append(Blocks(slots: slots, count: count)) }
    default: break
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
}

extension ChannelRule.Relation {
  /// The axes of which it says how their indices stand and fall; none for movements, which are traced.
  fileprivate var coupled: [Axis] {
    switch self {
    case .same(let a, let b): [a, b]
    case .spread(let small, let large, _), .tiled(let small, let large, _): [small, large]
    case .part(let small, let large, _): [small, large]
    case .interchangeable(let axis), .freeze(let axis, _), .blocks(let axis, _),
      .groupedColumns(let axis, _, _, _), .reduced(let axis):
      [axis]
    case .heads(let channels):
      (channels.places.ofQueries + channels.places.ofKeys).flatMap(\.axes)
    case .quantized, .produces, .consumes, .parallel, .scales, .doesNotCommute, .moves: []
    }
  }
}
