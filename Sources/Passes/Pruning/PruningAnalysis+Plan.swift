internal import IR
internal import Operators

extension PruningAnalysis {
  /// The atoms that a plan removes.
  func atoms(of plan: PruningPlan) throws(ModelError) -> AtomSet {
    var roles: [String: Range<Int>] = [:]
    for role in coupling.producers {
      let slice = slice(role, kept: [])
      roles["\(slice.weight)/\(slice.axis)"] = role.slots
    }
    var removed = nothing
    for slice in plan.groups.flatMap(\.producers) {
      guard let slots = roles["\(slice.weight)/\(slice.axis)"], slots.count == slice.length,
        slice.kept.count == 1
      else {
        throw ModelError(
          .request,
          "plan: expected a weight '\(slice.weight)' with \(slice.length) channels along axis \(slice.axis), found none"
        )
      }
      let kept = Set(slice.kept[0])
      for (index, slot) in slots.enumerated() where !kept.contains(index) {
        if let reason = coupling.reason(slot) {
          throw ModelError(
            .request, "plan: '\(slice.weight)', channel \(index) cannot go: \(reason)")
        }
        removed.insert(coupling.atom(slot))
      }
    }
    return removed
  }

  func slice(_ role: Coupling.Role, kept: [Int]) -> PruningPlan.Slice {
    let graph = coupling.facts.graph
    var name = ""
    if case .input(let slot) = role.axis.port, let value = graph[role.node].inputs[slot] {
      name = graph[value].name
    }
    return .init(
      weight: name, result: nil, axis: role.axis.axis, length: role.slots.count, kept: [kept])
  }

  /// - Parameter pruned: the cut model, whose names of weights the plan states; nil when there is
  ///   none.
  func plan(
    _ surgery: Surgery, hash: String, pruned: Graph?, aliases: [String: String] = [:]
  ) -> PruningPlan {
    var planned: [PruningPlan.Group] = []
    let readers = coupling.readers(of: groups)
    for group in groups.groups {
      let slices = group.producers.map { position -> PruningPlan.Slice in
        let role = coupling.producers[position]
        return slice(role, kept: surgery.kept(role.node, role.axis) ?? Array(0..<role.slots.count))
      }
      let gone = group.atoms.reduce(0) { $0 + (surgery.isRemoved($1) ? 1 : 0) }
      if group.frozen.contains(nil) {
        planned.append(
          .init(
            index: group.index, macs: coupling.macs(of: group, groups),
            readers: readers[group.index],
            channels: group.count, kept: group.count - gone, producers: slices,
            scores: scores[group.index]))
      }
    }
    let macs = cost.cost(removing: nothing).macs
    var plan = PruningPlan(
      model: hash, macs: macs, groups: planned, weights: surgery.slices(pruned), frozen: frozen(),
      proof: surgery.proofSteps)
    if options.choices != PruningOptions.Choices() { plan.choices = options.choices }
    let cut = Set(plan.weights.map(\.weight))
    let others = aliases.filter { cut.contains($0.value) }
    if !others.isEmpty { plan.aliases = others }
    return plan
  }

  /// Channels that cannot go, by the weights that make them, in the order of the graph.
  private func frozen() -> [PruningPlan.Frozen] {
    var reasons = [ReasonNumber?](repeating: nil, count: coupling.space.count)
    for group in groups.groups {
      for (atom, reason) in zip(group.atoms, group.frozen) { reasons[atom] = reason }
    }
    var entries: [PruningPlan.Frozen] = []
    var seen: Set<Range<Int>> = []
    for role in coupling.producers where seen.insert(role.slots).inserted {
      var counts: [ReasonNumber: Int] = [:]
      for slot in role.slots {
        if let reason = reasons[coupling.atom(slot)] { counts[reason, default: 0] += 1 }
      }
      guard !counts.isEmpty else { continue }
      let weight = slice(role, kept: []).weight
      entries += counts.map { (coupling.text($0), $1) }.sorted { $0.0 < $1.0 }.map {
        .init(weight: weight, axis: role.axis.axis, channels: $0.1, reason: $0.0)
      }
    }
    return entries
  }
}

extension Surgery {
  /// Every constant that is cut, in the order of the graph.
  func slices(_ pruned: Graph?) -> [PruningPlan.Slice] {
    let graph = coupling.facts.graph
    var slices: [PruningPlan.Slice] = []
    // Positions in `slices` by weight: no more than one for most.
    var known: [ValueID: [Int]] = [:]
    for id in graph.nodeIDs {
      for (slot, value) in graph[id].inputs.enumerated() {
        guard let value, let tensor = graph[value].initializer else { continue }
        for (axis, kept) in constantCut(id, slot, rank: tensor.dimensions.count).enumerated() {
          guard let kept else { continue }
          let name = (pruned?[id].inputs[safe: slot] ?? nil).flatMap { pruned?[$0].name }
          let slice = PruningPlan.Slice(
            weight: graph[value].name, result: name == graph[value].name ? nil : name, axis: axis,
            length: tensor.dimensions[axis], kept: kept)
          guard !(known[value] ?? []).contains(where: { slices[$0] == slice }) else { continue }
          known[value, default: []].append(slices.count)
          slices.append(slice)
        }
      }
    }
    return slices
  }
}

extension Coupling {
  /// Multiply-accumulates of the nodes that make a group's channels, for these channels alone.
  fileprivate func macs(of group: ChannelGroup, _ groups: ChannelGroups) -> Int {
    group.producers.reduce(0) { total, position in
      let role = producers[position]
      let own = role.slots.count { groups.group(of: atom($0)) == group.index }
      let all =
        facts.op(role.node)?.macs(
          facts.inputs(role.node).boundToOne, facts.outputs(role.node).map(\.boundToOne)) ?? 0
      return total + Int(Double(all) * Double(own) / Double(max(role.slots.count, 1)))
    }
  }

  /// The weights that read each group's channels, by name.
  fileprivate func readers(of groups: ChannelGroups) -> [[String]] {
    var names = [[String]](repeating: [], count: groups.groups.count)
    for role in consumers {
      guard case .input(let slot) = role.axis.port, let value = facts.graph[role.node].inputs[slot]
      else { continue }
      let name = facts.graph[value].name
      let slots =
        groupedColumns.first { $0.node == role.node && $0.axis == role.axis }?.channels
        ?? role.slots
      for group in groups.groups(of: slots, self)
      where !names[group].contains(name) { names[group].append(name) }
    }
    return names
  }
}
