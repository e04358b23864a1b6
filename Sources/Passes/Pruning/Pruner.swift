public import Execution
public import IR
internal import Operators
public import Samples

/// Removes whole channels from a model, with everything that is coupled to them (pruning.md).
public struct Pruner: Sendable {
  /// The model, its constants in initializers.
  public let model: Model
  /// How many constants a caller could override, since they are inputs of the graph too (from IR
  /// version 4 on). Unless the options freeze them, they count as weights; they stay inputs, with
  /// their new shapes.
  public let overridable: Int
  private var options: PruningOptions
  private let aliases: [String: String]
  private var measured = ChannelMeasurements()

  /// What came of a removal.
  public struct Result: Sendable {
    /// The smaller model.
    public var model: Model
    /// What was removed, as data.
    public var plan: PruningPlan
    /// For a budget, what was asked for and what was reached, as fractions of the cost before.
    public var budget: PruningBudget?
    /// Cost before and after.
    public var before: Cost
    /// Cost before and after.
    public var after: Cost
    /// The largest relative difference that the oracle measured; nil when it was not asked or
    /// could not run the model.
    public var difference: Double?
    /// Why the oracle did not run, when it was asked.
    public var unproved: String?
    /// Patterns of the options, to keep or with a ratio, that name no weight, node, value or operator.
    public var unmatchedPatterns: [String] = []
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
    var prepared = try Self.prepared(model)
    let graph = prepared.graph
    overridable =
      graph.initializers.filter {
        graph.isInput($0) && graph.constant($0) == nil && !graph[$0].uses.isEmpty
      }.count
    prepared.graph.defaultsAreConstant = !options.freezesOverridable
    self.model = prepared
    self.options = options
    aliases = Self.aliases(model.graph, prepared.graph)
  }

  /// The model with constants of nodes in initializers, constant expressions computed and identities
  /// gone.
  static func prepared(_ model: Model) throws(ModelError) -> Model {
    var prepared = model
    _ = try PassManager(try Simplify.cleanup()).run(&prepared)
    return prepared
  }

  /// Names of values that were a weight handed on and are gone.
  private static func aliases(_ before: Graph, _ after: Graph) -> [String: String] {
    var names: [String: String] = [:]
    for id in before.nodeIDs where before[id].inputs.count == 1 && before[id].outputs.count == 1 {
      guard let source = before[id].inputs[0], let result = before[id].outputs[0],
        before[source].initializer != nil, !after.computes(before[result].name),
        after.value(named: before[source].name).flatMap({ after[$0].initializer }) != nil
      else { continue }
      names[before[result].name] = before[source].name
    }
    return names
  }

  /// Runs the model on calibration data, for importance that is measured on activations.
  ///
  /// - Parameter progress: called after each batch.
  public mutating func calibrate(
    on samples: SampleRun, options sessionOptions: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) {
    if options.importance == .obs {
      var plain = options
      plain.importance = .l2
      measured.removals = try RemovalScores(
        try PruningAnalysis(model, plain, measured, barriers: [:]), model, on: samples,
        sessionOptions, progress: progress)
      return
    }
    let coupling = Coupling(try inferTypes(model), options.choices)
    if case .gradient(let measure) = options.importance {
      measured.gradients = try GradientStatistics(
        measure, coupling, of: model, on: samples, sessionOptions, seed: options.seed,
        progress: progress)
      return
    }
    measured.activations = try ActivationStatistics(
      coupling.activationReadings(), of: model, on: samples, sessionOptions, progress: progress)
  }

  /// What is to be said of the importance once it was measured.
  public var importanceNotes: [String] {
    guard let unknown = measured.removals?.unknown, !unknown.isEmpty else { return [] }
    let named = unknown.prefix(3).joined(separator: ", ")
    let others = unknown.count > 3 ? " and \(unknown.count - 3) more" : ""
    return [
      "importance 'obs': L2 for channels that something other than plain linear layers reads: "
        + named + others
    ]
  }

  /// The coupled groups, with nothing removed.
  public func groups(modelHash: String = "") throws(ModelError) -> PruningPlan {
    let analysis = try self.analysis()
    return analysis.plan(
      Surgery(analysis.coupling, removing: analysis.nothing), hash: modelHash, pruned: nil)
  }

  /// Coupling, groups and scores, with nothing removed.
  func analysis() throws(ModelError) -> PruningAnalysis {
    try PruningAnalysis(model, options, measured, barriers: [:])
  }

  /// Chooses channels and removes them.
  ///
  /// - Parameters:
  ///   - modelHash: what the plan says it was made for.
  ///   - verification: how the oracle compares; nil for no oracle.
  /// - Throws: `ModelError` with code `verification` when the oracle finds a difference.
  public func prune(
    modelHash: String = "", verification: Verification?
  ) throws(ModelError) -> Result {
    try cut(hash: modelHash, verification) { analysis throws(ModelError) in analysis.select() }
  }

  /// Removes the channels that a plan names.
  ///
  /// - Throws: `ModelError` when the plan was made for another model or names a weight that this
  ///   one does not have.
  public func apply(
    _ plan: PruningPlan, modelHash: String, verification: Verification?
  ) throws(ModelError) -> Result {
    guard plan.model == modelHash else {
      throw ModelError(
        .request, "plan: expected a plan for model \(modelHash), found one for \(plan.model)")
    }
    var pruner = self
    pruner.options.choices = plan.choices ?? PruningOptions.Choices()
    return try pruner.cut(hash: modelHash, verification) { analysis throws(ModelError) in
      try analysis.atoms(of: plan)
    }
  }

  private func cut(
    hash: String, _ verification: Verification?,
    choose: (PruningAnalysis) throws(ModelError) -> AtomSet
  ) throws(ModelError) -> Result {
    var barriers: [NodeID: String] = [:]
    // A node that turns out not to be able to shrink becomes a barrier, and all is found anew.
    while true {
      let analysis = try PruningAnalysis(model, options, measured, barriers: barriers)
      let removed = try choose(analysis)
      let surgery = Surgery(analysis.coupling, removing: removed)
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
      let plan = analysis.plan(surgery, hash: hash, pruned: pruned.graph, aliases: aliases)
      var recorded = pruned.withOverridableDefaults
      recorded.recordChannels(plan)
      var result = Result(
        model: recorded, plan: plan,
        before: analysis.cost.cost(removing: analysis.nothing),
        after: analysis.cost.cost(removing: removed),
        difference: nil, unproved: nil, surgery: surgery)
      result.budget = budget(result)
      result.unmatchedPatterns = analysis.unmatched
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

  private func budget(_ result: Result) -> PruningBudget? {
    func budget(_ wanted: Double, _ after: Int, _ before: Int) -> PruningBudget {
      PruningBudget(wanted: wanted, reached: Double(after) / Double(max(before, 1)))
    }
    switch options.target {
    case .ratio: return nil
    case .macs(let wanted): return budget(wanted, result.after.macs, result.before.macs)
    case .parameters(let wanted):
      return budget(wanted, result.after.parameters, result.before.parameters)
    case .bytes(let wanted): return budget(wanted, result.after.bytes, result.before.bytes)
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
    for entry in groupRatios { try require("ratio of '\(entry.pattern)'", entry.ratio, 0...1) }
    guard minChannels >= 1 else {
      throw ModelError(
        .request, "min-channels: expected a number of at least 1, found \(minChannels)")
    }
    guard roundTo >= 1 else {
      throw ModelError(.request, "round-to: expected a number of at least 1, found \(roundTo)")
    }
  }
}

extension Graph {
  /// Whether a value of this name is there in fact, not only by name.
  fileprivate func computes(_ name: String) -> Bool {
    guard let value = value(named: name) else { return false }
    return self[value].producer != nil || self[value].initializer != nil || isInput(value)
  }
}
