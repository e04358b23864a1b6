internal import IR
internal import Operators

/// One analysis of a model: coupling, groups and scores.
struct PruningWork {
  let coupling: Coupling
  let groups: ChannelGroups
  /// For each group a number for each of its atoms.
  let scores: [[Double]]
  let protected: AtomSet
  let options: PruningOptions
  let cost: CutCost
  /// Patterns of the options that name nothing in the model.
  let unmatched: [String]

  init(
    _ model: Model, _ options: PruningOptions, _ activations: ActivationStatistics?,
    barriers: [NodeID: String]
  ) throws(ModelError) {
    var coupling = Coupling(
      try inferTypes(model), options.choices, barriers: barriers)
    let patterns = options.keep + options.groupRatios.map(\.pattern)
    let built = coupling
    let known = patterns.isEmpty ? [] : built.producers.map { built.patternNames($0) }
    unmatched = patterns.filter { pattern in
      let glob = Glob(pattern)
      return !known.contains { $0.contains(where: glob.matches) }
    }
    coupling.keep(options.keep)
    groups = ChannelGroups(&coupling)
    let importance = try Importance(coupling, options, activations)
    scores = groups.groups.map { importance.scores(of: $0) }
    protected = coupling.lastResorts(groups, scores)
    cost = CutCost(coupling)
    self.coupling = coupling
    self.options = options
  }

  /// No atom at all.
  var nothing: AtomSet { AtomSet(slots: coupling.space.count) }

  func select() -> AtomSet {
    let selection = Selection(
      groups: groups.groups, scores: scores, protected: protected,
      kinds: options.scope == .isomorphic ? coupling.kinds(of: groups) : [],
      fixed: coupling.ratios(of: groups.groups, options.groupRatios), options: options,
      nothing: nothing)
    func reach(_ kept: Double, _ part: KeyPath<Pruner.Cost, Int>) -> AtomSet {
      let all = Double(cost.cost(removing: nothing)[keyPath: part])
      return selection.atoms(goal: kept * all) { Double(cost.cost(removing: $0)[keyPath: part]) }
    }
    switch options.target {
    case .ratio(let ratio): return selection.atoms(ratio: ratio)
    case .macs(let kept): return reach(kept, \.macs)
    case .parameters(let kept): return reach(kept, \.parameters)
    case .bytes(let kept): return reach(kept, \.bytes)
    }
  }

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
  /// For each axis of a tensor its best atom by `scores`, which stays so that the axis does not
  /// become empty: a Split, for one, may give a tensor the weakest channels of a group.
  fileprivate func lastResorts(_ groups: ChannelGroups, _ scores: [[Double]]) -> AtomSet {
    // What has no score has no maker and stays anyway.
    var scoreOfAtom = [Double?](repeating: nil, count: space.count)
    for group in groups.groups {
      for (atom, score) in zip(group.atoms, scores[group.index]) { scoreOfAtom[atom] = score }
    }
    var atoms = AtomSet(slots: space.count)
    for slots in space.ranges {
      var best: (atom: Int, score: Double)?
      for slot in slots {
        let atom = atom(slot)
        guard let score = scoreOfAtom[atom], reasonNumber(atom) == nil else {
          best = nil
          break
        }
        if best.map({ score > $0.score }) ?? true { best = (atom, score) }
      }
      if let best { atoms.insert(best.atom) }
    }
    return atoms
  }

  /// Freezes the channels of weights, nodes, values and operators that a pattern names.
  mutating func keep(_ patterns: [String]) {
    for pattern in patterns {
      let glob = Glob(pattern)
      let reason = "kept as asked by '\(pattern)'"
      for role in producers where patternNames(role).contains(where: glob.matches) {
        for slot in role.slots { freeze(slot, reason) }
      }
    }
  }

  /// What patterns may call the channels that a weight makes: names of weight, node, operator and
  /// results.
  fileprivate func patternNames(_ role: Role) -> [String] {
    let node = facts.graph[role.node]
    var names = [node.name ?? "", node.type]
    if case .input(let slot) = role.axis.port, let value = node.inputs[slot] {
      names.append(facts.graph[value].name)
    }
    return names + node.outputs.compactMap { $0.map { facts.graph[$0].name } }
  }

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

  /// The fractions that patterns give to groups, by number of group.
  fileprivate func ratios(
    of groups: [ChannelGroup], _ ratios: [PruningOptions.GroupRatio]
  ) -> [Int: Double] {
    guard !ratios.isEmpty else { return [:] }
    var result: [Int: Double] = [:]
    for group in groups {
      let names = group.producers.flatMap { patternNames(producers[$0]) }
      let fitting = ratios.filter { names.contains(where: Glob($0.pattern).matches) }
      // The longest pattern says most.
      let best = fitting.max { ($0.pattern.count, $1.pattern) < ($1.pattern.count, $0.pattern) }
      if let best { result[group.index] = best.ratio }
    }
    return result
  }

  /// Numbers of kinds: groups have the same where the same operators with weights of the same form
  /// make, read and scale their channels.
  fileprivate func kinds(of groups: ChannelGroups) -> [Int] {
    var forms = [Set<String>](repeating: [], count: groups.groups.count)
    for (part, roles) in [producers, consumers, scales].enumerated() {
      for role in roles {
        let kernel = facts.inputs(role.node).shape(slot(role)).map {
          $0.dimensions.enumerated().map { $0 < 2 ? "" : "\($1)" }.joined(separator: "x")
        }
        let form = "\(part) \(facts.graph[role.node].type) \(role.axis.axis) \(kernel ?? "")"
        for group in groups.groups(of: role.slots, self) {
          forms[group].insert(form)
        }
      }
    }
    var numbers: [[String]: Int] = [:]
    return forms.map { form in
      let key = form.sorted()
      let number = numbers[key] ?? numbers.count
      numbers[key] = number
      return number
    }
  }

  private func slot(_ role: Role) -> Int {
    if case .input(let slot) = role.axis.port { slot } else { 0 }
  }
}
