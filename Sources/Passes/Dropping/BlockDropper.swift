internal import Execution
internal import IR
internal import Operators
internal import Samples

/// Drops whole blocks y = x + f(x), so that readers of y read x, and folds what makes up for them into the
/// layers around (G. Wang and J. Wu, "Practical Network Acceleration with Tiny Sets", 2023).
///
/// What that work puts around a dropped block, a pointwise layer on either side, is folded into its
/// neighbours in the end; here the neighbours themselves are solved for, which is the same in closed
/// form: the last layer before x aims at the original's y, less what skips it, and the readers of y at
/// what they made.
///
/// Blocks go one after the other. Of those that are left the one goes that adds least noise to the outputs, on
/// samples that nothing was fitted to, for each multiply-accumulate that it saves.
struct BlockDropper {
  /// The model, its constants in initializers.
  let model: Model
  private let options: DropOptions
  private let adapts: Bool
  private let whole: Pruner.Cost
  /// The names of sums in the given model, by which they go whatever became of their values' names.
  private let labels: [NodeID: String]
  private let names: [NodeID: [String]]
  private let kept: Set<NodeID>
  /// Blocks that can go.
  private let count: Int

  /// What came of it.
  struct Result {
    /// The model without the blocks.
    var model: Model
    /// The same with its weights as they were.
    var untouched: Model
    var plan: DropPlan
    var cost: Pruner.Cost
    /// Multiply-accumulates of the given model for one sample.
    let before: Int
  }

  /// Prepares a model and finds its blocks.
  ///
  /// - Parameter adapts: whether layers around a dropped block make up for it.
  /// - Throws: `ModelError` when a number of `options` is out of range or the model is invalid.
  init(_ model: Model, _ options: DropOptions, adapts: Bool) throws(ModelError) {
    try options.check()
    let prepared = try Pruner.prepared(model)
    let facts = try inferTypes(prepared)
    let graph = facts.graph
    var labels: [NodeID: String] = [:], names: [NodeID: [String]] = [:], kept: Set<NodeID> = []
    var count = 0
    let globs = options.keep.map { Glob($0) }
    for (sum, found) in ResidualBlock.all(in: facts) {
      labels[sum] = graph.label(sum)
      names[sum] = graph.names(of: sum)
      let block = try? found.get()
      let inside = block?.nodes ?? [sum]
      if inside.contains(where: { id in
        graph.names(of: id).contains { name in globs.contains { $0.matches(name) } }
      }) {
        kept.insert(sum)
      } else if block != nil {
        count += 1
      }
    }
    (self.model, self.options, self.adapts) = (prepared, options, adapts)
    (self.labels, self.names, self.kept, self.count) = (labels, names, kept, count)
    whole = CutCost.cost(of: facts)
  }

  /// Patterns of blocks to stay that fit no node.
  var unmatchedPatterns: [String] {
    let graph = model.graph
    return options.keep.filter { pattern in
      let glob = Glob(pattern)
      return !graph.nodeIDs.contains { graph.names(of: $0).contains(where: glob.matches) }
    }
  }

  /// Samples that blocks are compared with, as a number of multiply-accumulates for all of them.
  private static let mostFitting = 2e11, fewestSamples = 64, judges = 64

  /// A part of the samples that is enough to compare blocks with, and to judge.
  private func few(_ fit: Dataset) -> (fit: Dataset, judge: Dataset) {
    let affordable = min(Self.mostFitting / Double(max(whole.macs, 1)), Double(fit.count))
    return fit.first(max(Self.fewestSamples, Int(affordable))).choosing
  }

  /// What each block adds to the noise over signal of the outputs once what is around it has adapted, by
  /// the label of the sum that it ends in.
  ///
  /// - Parameter fit: samples to fit to; a part of them judges.
  func errors(_ setting: StageSetting, fit: Dataset) throws(ModelError) -> [String: Double] {
    let start = Attempt(model: model, untouched: model, cost: whole, noise: 0)
    let few = few(fit)
    var errors: [String: Double] = [:]
    for (place, block) in try candidates(model, 0).enumerated() {
      setting.progress(WorkProgress("comparing blocks", done: place, of: count))
      let found = try attempt(block, start, setting, few.fit, few.judge)
      if let label = labels[block.sum], found.noise.isFinite { errors[label] = found.noise }
    }
    return errors
  }

  /// Whether that takes no minutes with so many samples.
  func isQuick(samples: Int) -> Bool {
    Double(count) * Double(whole.macs) * Double(samples) <= Self.mostCompared
  }

  /// Multiply-accumulates of one pass over the samples for each block.
  private static let mostCompared = 1e11

  /// Chooses blocks and drops them.
  ///
  /// - Parameter fit: samples to fit to; a part of them chooses.
  func drop(_ setting: StageSetting, fit: Dataset) throws(ModelError) -> Result {
    var plan = DropPlan(macs: whole.macs, found: count)
    var state = Attempt(model: model, untouched: model, cost: whole, noise: 0)
    let few = few(fit)
    while let need = need(state, plan) {
      let found = try candidates(state.model, plan.blocks.count)
      guard let first = found.first else {
        if plan.blocks.isEmpty { throw try nothingFound() }
        break
      }
      var best = first
      if found.count > 1, options.chooses {
        best = try self.best(of: found, state, need, setting, few.fit, few.judge) { done in
          setting.progress(
            WorkProgress("comparing blocks", done: done, of: found.count))
        }
      }
      let next = try attempt(best, state, setting, fit, few.judge)
      plan.blocks.append(
        DropPlan.Block(
          sum: labels[best.sum] ?? "", nodes: best.nodes.count,
          macs: state.cost.macs - next.cost.macs,
          parameters: state.cost.parameters - next.cost.parameters,
          bytes: state.cost.bytes - next.cost.bytes))
      state = next
    }
    plan.missed = missed(state, plan)
    return Result(
      model: state.model, untouched: state.untouched, plan: plan, cost: state.cost,
      before: whole.macs)
  }
}

// MARK: Choice

extension BlockDropper {
  /// A model with some blocks gone.
  private struct Attempt {
    var model: Model
    var untouched: Model
    var cost: Pruner.Cost
    /// Noise over signal of the outputs.
    var noise: Double
  }

  /// Multiply-accumulates that are still to go, or as many as there are; nil where nothing more is to.
  private func need(_ state: Attempt, _ plan: DropPlan) -> Int? {
    switch options.target {
    case .blocks(let count): plan.blocks.count < count ? state.cost.macs : nil
    case .named(let names): plan.blocks.count < names.count ? state.cost.macs : nil
    case .macs(let fraction):
      Double(state.cost.macs) > limit(fraction) ? state.cost.macs - Int(limit(fraction)) : nil
    }
  }

  private func limit(_ fraction: Double) -> Double { fraction * Double(whole.macs) }

  /// The blocks that may go next.
  private func candidates(_ model: Model, _ done: Int) throws(ModelError) -> [ResidualBlock] {
    let found = ResidualBlock.all(in: try inferTypes(model))
    guard case .named(let patterns) = options.target else {
      return found.compactMap { kept.contains($0.sum) ? nil : try? $0.found.get() }
    }
    let pattern = patterns[done], glob = Glob(pattern)
    func fits(_ sum: NodeID) -> Bool {
      labels[sum] == pattern || names[sum, default: []].contains { glob.matches($0) }
    }
    guard let entry = found.first(where: { fits($0.sum) }) else {
      throw ModelError(
        .request, "blocks: expected the name of a sum that ends a block, found '\(pattern)'",
        hint: labels.isEmpty ? nil : "such as \(labels.sorted { $0.key < $1.key }[0].value)")
    }
    switch entry.found {
    case .success(let block): return [block]
    case .failure(let obstacle):
      throw ModelError(
        .request,
        "blocks: expected a block that can go, found '\(pattern)', which cannot: \(obstacle.reason)"
      )
    }
  }

  /// The block that adds least noise for what it saves of what is still to go.
  private func best(
    of blocks: [ResidualBlock], _ state: Attempt, _ need: Int, _ setting: StageSetting,
    _ fit: Dataset, _ judge: Dataset, progress: (Int) -> Void
  ) throws(ModelError) -> ResidualBlock {
    var best: (block: ResidualBlock, score: Double)?
    for (place, block) in blocks.enumerated() {
      progress(place)
      let next = try attempt(block, state, setting, fit, judge)
      let saved = max(1, min(need, state.cost.macs - next.cost.macs))
      let score = (next.noise - state.noise) / Double(saved)
      if best.map({ score < $0.score }) ?? true { best = (block, score) }
    }
    return best?.block ?? blocks[0]
  }

  /// A model without one more block, what is around it adapted.
  private func attempt(
    _ block: ResidualBlock, _ state: Attempt, _ setting: StageSetting, _ fit: Dataset,
    _ judge: Dataset
  ) throws(ModelError) -> Attempt {
    var next = state
    next.untouched = block.dropped(from: state.untouched)
    next.model = block.dropped(from: state.model)
    let descent = try Descent(next.model, from: model)
    next.cost = CutCost.cost(of: descent.facts)
    if adapts {
      let around = BlockNeighbours(block, descent)
      next.model = try LeastSquaresRecovery(
        descent, options: setting.options, where: around.contains
      ).adapted(
        on: SampleRun(fit, for: model, batch: LeastSquaresRecovery.usualBatch))
    }
    let found = try ModelComparison(
      model, next.model, on: judge, options: setting.options, limit: Self.judges)
    let noise = found.outputs.map(\.comparison.noise).max() ?? 0
    next.noise = noise.isNaN ? .infinity : noise
    return next
  }

  private func missed(_ state: Attempt, _ plan: DropPlan) -> String? {
    guard need(state, plan) != nil else { return nil }
    switch options.target {
    case .blocks(let count):
      return "\(count) blocks cannot go: the most that can is \(plan.blocks.count)"
    case .macs(let wanted):
      let reached = Double(state.cost.macs) / Double(max(whole.macs, 1))
      return PruningBudget(wanted: wanted, reached: reached).inMacs
    case .named: return nil
    }
  }

  private func nothingFound() throws(ModelError) -> ModelError {
    let obstacles = ResidualBlock.all(in: try inferTypes(model)).compactMap { entry -> String? in
      if kept.contains(entry.sum) { return "it was asked to stay" }
      guard case .failure(let obstacle) = entry.found else { return nil }
      return obstacle.reason
    }
    let reason = obstacles.first.map { " (\(obstacles.count) stay: \($0))" } ?? ""
    return ModelError(
      .request,
      "blocks: expected blocks that are added to their own input, found none that can go\(reason)")
  }
}

extension PruningBudget {
  fileprivate var inMacs: String {
    func percent(_ fraction: Double) -> String { "\((1000 * fraction).rounded() / 10) %" }
    return
      "\(percent(wanted)) of the multiply-accumulates cannot be met: the nearest that can be reached is \(percent(reached))"
  }
}

extension DropOptions {
  /// Whether it is to be found out which blocks go.
  fileprivate var chooses: Bool {
    if case .named = target { false } else { true }
  }

  /// Refuses numbers out of range.
  fileprivate func check() throws(ModelError) {
    switch target {
    case .blocks(let count) where count < 1:
      throw ModelError(.request, "blocks: expected a number of at least 1, found \(count)")
    case .macs(let macs) where !(0...1).contains(macs):
      throw ModelError(.request, "macs: expected a number from 0 to 1, found \(macs)")
    case .blocks, .macs, .named: break
    }
  }
}
