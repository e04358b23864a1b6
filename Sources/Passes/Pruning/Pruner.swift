public import IR
internal import Operators

/// Removes whole channels from a model, with everything that is coupled to them (PRUNING.md).
public struct Pruner: Sendable {
  /// The model, its constants in initializers.
  public let model: Model
  /// How many constants a caller could override, since they are inputs of the graph too (from IR
  /// version 4 on). Unless the options freeze them, they count as weights; they stay inputs, with
  /// their new shapes.
  public let overridable: Int
  private let options: PruningOptions

  /// What came of a removal.
  public struct Result: Sendable {
    /// The smaller model.
    public var model: Model
    /// What was removed, as data.
    public var plan: PruningPlan
    /// Cost before and after.
    public var before: Cost
    /// Cost before and after.
    public var after: Cost
    /// The largest relative difference that the oracle measured; nil when it was not asked or
    /// could not run the model.
    public var difference: Double?
    /// Why the oracle did not run, when it was asked.
    public var unproved: String?
    /// The cut, for the recovery that follows.
    package let surgery: Surgery
  }

  /// What a model costs: multiply-accumulates for one sample, parameters, bytes of constants.
  public struct Cost: Hashable, Sendable {
    /// Multiply-accumulates for one sample.
    public var macs: Int
    /// Elements of trained weights.
    public var parameters: Int
    /// Bytes of constants.
    public var bytes: Int
  }

  /// Prepares a model: constants of nodes become initializers, identities go, constant expressions
  /// are computed.
  ///
  /// - Throws: `ModelError` when a number of `options` is out of range or the model is invalid.
  public init(_ model: Model, _ options: PruningOptions) throws(ModelError) {
    try options.check()
    var prepared = model
    _ = try PassManager([
      ConstantsToInitializers(), IdentityRemoval(), ConstantFolding(), DeadCode(),
    ]).run(&prepared)
    let graph = prepared.graph
    overridable =
      graph.initializers.filter {
        graph.isInput($0) && graph.constant($0) == nil && !graph[$0].uses.isEmpty
      }.count
    prepared.graph.defaultsAreConstant = !options.freezesOverridable
    self.model = prepared
    self.options = options
  }

  /// The coupled groups, with nothing removed.
  public func groups(modelHash: String = "") throws(ModelError) -> PruningPlan {
    var work = try Work(model, options, barriers: [:])
    return work.plan(removing: [], hash: modelHash)
  }

  /// Chooses channels and removes them.
  ///
  /// - Parameters:
  ///   - modelHash: what the plan says it was made for.
  ///   - verification: how the oracle compares; nil for no oracle.
  /// - Throws: `ModelError` with code `verification` when the oracle finds a difference.
  public func prune(
    modelHash: String = "", verification: Verification? = Verification()
  ) throws(ModelError) -> Result {
    try cut(hash: modelHash, verification) { work throws(ModelError) in try work.select() }
  }

  /// Removes the channels that a plan names.
  ///
  /// - Throws: `ModelError` when the plan was made for another model or names a weight that this
  ///   one does not have.
  public func apply(
    _ plan: PruningPlan, modelHash: String, verification: Verification? = Verification()
  ) throws(ModelError) -> Result {
    guard plan.model == modelHash else {
      throw ModelError(
        .request, "plan: expected a plan for model \(modelHash), found one for \(plan.model)")
    }
    return try cut(hash: modelHash, verification) { work throws(ModelError) in
      try work.atoms(of: plan)
    }
  }

  private func cut(
    hash: String, _ verification: Verification?,
    choose: (inout Work) throws(ModelError) -> Set<Int>
  ) throws(ModelError) -> Result {
    var barriers: [NodeID: String] = [:]
    // A node that turns out not to be able to shrink becomes a barrier, and all is found anew.
    while true {
      var work = try Work(model, options, barriers: barriers)
      let removed = try choose(&work)
      let surgery = Surgery(work.coupling, removing: removed)
      if let name = surgery.emptied {
        throw ModelError(
          .request, "pruning: expected at least one channel of '\(name)' to stay, found none")
      }
      let pruned: Model
      do { pruned = try surgery.apply(to: model) } catch {
        barriers[error.node] = error.reason
        continue
      }
      try check(pruned, surgery)
      let before = Surgery(work.coupling, removing: []).cost()
      let after = surgery.cost()
      var result = Result(
        model: pruned.withOverridableDefaults, plan: work.plan(removing: removed, hash: hash),
        before: Cost(macs: before.macs, parameters: before.parameters, bytes: before.bytes),
        after: Cost(macs: after.macs, parameters: after.parameters, bytes: after.bytes),
        difference: nil, unproved: nil, surgery: surgery)
      if let verification {
        let masked = try Oracle(surgery: surgery).maskedOriginal(model)
        result.difference = try noting("oracle") { () throws(ModelError) in
          try verification.check(masked, pruned)
        }
        if result.difference == nil {
          result.unproved = "the model has an operator that Lapidary cannot run"
        }
      }
      return result
    }
  }

  /// The shapes that inference finds must be those the surgery predicted.
  private func check(_ pruned: Model, _ surgery: Surgery) throws(ModelError) {
    try pruned.graph.checkInvariants()
    let facts = try noting("after pruning") { () throws(ModelError) in try inferTypes(pruned) }
    for id in pruned.graph.nodeIDs {
      for output in pruned.graph[id].outputs.compactMap({ $0 }) {
        guard let predicted = surgery.newShape(of: output)?.known,
          let found = facts.graph[output].tensorType?.shape?.known, predicted != found
        else { continue }
        throw ModelError(
          .verification,
          "\(pruned.graph.label(id)): expected shape \(predicted) after pruning, found \(found)")
      }
    }
  }
}

extension Model {
  /// The model as it was read: defaults of inputs can be overridden.
  fileprivate var withOverridableDefaults: Model {
    var model = self
    model.graph.defaultsAreConstant = false
    return model
  }
}

extension PruningOptions {
  fileprivate func check() throws(ModelError) {
    func require(_ name: String, _ value: Double, _ range: ClosedRange<Double>) throws(ModelError) {
      guard range.contains(value) else {
        throw ModelError(
          .request,
          "\(name): expected a number from \(range.lowerBound) to \(range.upperBound), found \(value)"
        )
      }
    }
    switch target {
    case .ratio(let value): try require("ratio", value, 0...1)
    case .macs(let value): try require("macs", value, 0...1)
    case .parameters(let value): try require("params", value, 0...1)
    case .bytes(let value): try require("bytes", value, 0...1)
    }
    try require("max-ratio", maxRatio, 0...1)
    guard roundTo >= 1 else {
      throw ModelError(.request, "round-to: expected a number of at least 1, found \(roundTo)")
    }
  }
}

/// One analysis of a model: coupling, groups and scores.
private struct Work {
  var coupling: Coupling
  let groups: ChannelGroups
  let scores: [[Int: Double]]
  let protected: Set<Int>
  let options: PruningOptions

  init(
    _ model: Model, _ options: PruningOptions, barriers: [NodeID: String]
  ) throws(ModelError) {
    coupling = Coupling(try inferTypes(model), barriers: barriers)
    coupling.keep(options.keep)
    groups = ChannelGroups(&coupling)
    let importance = Importance(&coupling)
    scores = groups.groups.map { importance.scores(of: $0) }
    let all = scores.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    protected = coupling.lastResorts(all)
    self.options = options
  }

  func select() throws(ModelError) -> Set<Int> {
    let selection = Selection(
      groups: groups.groups, scores: scores, protected: protected, options: options)
    func cost(_ atoms: Set<Int>) -> (macs: Int, parameters: Int, bytes: Int) {
      Surgery(coupling, removing: atoms).cost()
    }
    switch options.target {
    case .ratio(let ratio): return selection.atoms(ratio: ratio)
    case .macs(let kept):
      let all = Double(cost([]).macs)
      return try selection.atoms(goal: kept * all) { atoms in Double(cost(atoms).macs) }
    case .parameters(let kept):
      let all = Double(cost([]).parameters)
      return try selection.atoms(goal: kept * all) { atoms in Double(cost(atoms).parameters) }
    case .bytes(let kept):
      let all = Double(cost([]).bytes)
      return try selection.atoms(goal: kept * all) { atoms in Double(cost(atoms).bytes) }
    }
  }

  /// The atoms that a plan removes.
  mutating func atoms(of plan: PruningPlan) throws(ModelError) -> Set<Int> {
    var roles: [String: Range<Int>] = [:]
    for role in coupling.producers {
      let slice = slice(role, kept: [])
      roles["\(slice.weight)/\(slice.axis)"] = role.slots
    }
    var removed: Set<Int> = []
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

  private func slice(_ role: Coupling.Role, kept: [Int]) -> PruningPlan.Slice {
    let graph = coupling.facts.graph
    var name = ""
    if case .input(let slot) = role.axis.port, let value = graph[role.node].inputs[slot] {
      name = graph[value].name
    }
    return .init(weight: name, axis: role.axis.axis, length: role.slots.count, kept: [kept])
  }

  mutating func plan(removing removed: Set<Int>, hash: String) -> PruningPlan {
    let surgery = Surgery(coupling, removing: removed)
    var frozen: [PruningPlan.Frozen] = []
    var planned: [PruningPlan.Group] = []
    for group in groups.groups {
      let slices = group.producers.map { position -> PruningPlan.Slice in
        let role = coupling.producers[position]
        return slice(role, kept: surgery.kept(role.node, role.axis) ?? Array(0..<role.slots.count))
      }
      let gone = group.atoms.reduce(0) { $0 + (removed.contains($1) ? 1 : 0) }
      if group.frozen.count < group.count {
        planned.append(
          .init(
            index: group.index, channels: group.count, kept: group.count - gone, producers: slices,
            scores: group.atoms.map { scores[group.index][$0]! }))
      }
      for (reason, atoms) in Dictionary(grouping: group.frozen.keys, by: { group.frozen[$0]! })
        .sorted(by: { $0.key < $1.key })
      {
        frozen.append(
          .init(
            weight: slices.first?.weight ?? "", axis: slices.first?.axis ?? 0,
            channels: atoms.count, reason: reason))
      }
    }
    return PruningPlan(model: hash, groups: planned, weights: surgery.slices(), frozen: frozen)
  }
}

extension Surgery {
  /// Every constant that is cut, in the order of the graph.
  func slices() -> [PruningPlan.Slice] {
    let graph = coupling.facts.graph
    var slices: [PruningPlan.Slice] = []
    for id in graph.nodeIDs {
      for (slot, value) in graph[id].inputs.enumerated() {
        guard let value, let tensor = graph[value].initializer else { continue }
        for (axis, kept) in constantCut(id, slot, rank: tensor.dimensions.count).enumerated() {
          guard let kept else { continue }
          let slice = PruningPlan.Slice(
            weight: graph[value].name, axis: axis, length: tensor.dimensions[axis], kept: kept)
          if !slices.contains(slice) { slices.append(slice) }
        }
      }
    }
    return slices
  }
}

extension Coupling {
  /// For each axis of a tensor its best atom by `scores`, which stays so that the axis does not
  /// become empty: a Split, for one, may give a tensor the weakest channels of a group.
  fileprivate mutating func lastResorts(_ scores: [Int: Double]) -> Set<Int> {
    var atoms: Set<Int> = []
    for axis in space.axes {
      guard let slots = space[axis] else { continue }
      var best: (atom: Int, score: Double)?
      for slot in slots {
        let atom = atom(slot)
        // What has no score has no maker and stays anyway.
        guard let score = scores[atom], reason(atom) == nil else {
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
      for role in producers {
        let node = facts.graph[role.node]
        var names = [node.name ?? "", node.type]
        if case .input(let slot) = role.axis.port, let value = node.inputs[slot] {
          names.append(facts.graph[value].name)
        }
        names += node.outputs.compactMap { $0.map { facts.graph[$0].name } }
        if names.contains(where: glob.matches) {
          for slot in role.slots { freeze(slot, reason) }
        }
      }
    }
  }
}
