internal import IR
internal import Operators

/// One analysis of a model: coupling, groups and scores.
struct PruningAnalysis {
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
    _ model: Model, _ options: PruningOptions, _ measured: ChannelMeasurements,
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
    let importance = try Importance(coupling, options, measured)
    scores = groups.groups.map { importance.scores(of: $0) }
    protected = coupling.lastResorts(groups, scores)
    cost = CutCost(coupling)
    self.coupling = coupling
    self.options = options
  }

  /// No atom at all.
  var nothing: AtomSet { AtomSet(slots: coupling.space.count) }

  /// The atoms that the options choose.
  func select() -> AtomSet {
    let selection = Selection(
      groups: groups.groups, scores: scores, protected: protected,
      kinds: options.competition == .isomorphic ? coupling.kinds(of: groups) : [],
      fixed: coupling.ratios(of: groups.groups, options.groupRatios)
        .merging(numbered(options.widths)) { $1 },
      options: options, nothing: nothing)
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
}
