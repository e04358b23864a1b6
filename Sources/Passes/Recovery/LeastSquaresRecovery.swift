public import Execution
public import IR
internal import Operators
public import Samples

/// Gives what is left of a pruned model the weights and biases with which each layer comes closest
/// to what it computed in the original, on calibration data and without training.
///
/// In execution order, a layer's inputs X in the pruned model, all layers before it already recovered,
/// and its outputs Y in the original, cut to the channels that are left, give a linear problem:
/// minimise |Y - X·Wᵀ - b|² with a ridge towards the weights that the layer has
/// (`NormalEquations`). So a layer makes up for the channels that it no longer sees with those that
/// it does see, as far as they are correlated, and for the errors of the layers before it. The last
/// layer before a sum aims at the original's sum less what the other addend is now.
///
/// The original runs once; the pruned model stops at each layer (`StretchedRun`) and runs once too.
public struct LeastSquaresRecovery: Sendable {
  private let descent: Descent
  private let sites: [FitSite]
  private let options: SessionOptions

  /// What came of a recovery.
  public struct Outcome: Sendable {
    /// The recovered model, or the pruned one where recovery did not help.
    public let model: Model
    /// Signal over error of the outputs against the original before, in dB.
    public let before: Double
    /// The same afterwards.
    public let after: Double
  }

  /// Finds what can be adapted.
  ///
  /// - Parameters:
  ///   - original: the model that was pruned, as the pruner prepared it.
  public init(
    _ result: Pruner.Result, original: Model, options: SessionOptions
  ) {
    self.init(Descent(result, from: original), options: options)
  }

  /// Finds what can be adapted of a smaller model.
  ///
  /// - Parameter isWanted: which of the layers are adapted.
  init(
    _ descent: Descent, options: SessionOptions, where isWanted: (FitSite) -> Bool = { _ in true }
  ) {
    self.descent = descent
    self.options = options
    sites = FitSite.all(descent).filter(isWanted)
  }

  /// Samples a run, where the model takes any number: so many are kept or not where memory is short.
  public static let usualBatch = 16

  /// Recovers on samples.
  ///
  /// - Parameters:
  ///   - proof: samples to say with what came of it.
  ///   - progress: called after each layer.
  public func run(
    on samples: SampleRun, proof: SampleRun, progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> Outcome {
    let student = descent.student
    let model = try adapted(on: samples, progress: progress)
    let (before, after) = try quality(of: student, and: model, proof)
    return after > before
      ? Outcome(model: model, before: before, after: after)
      : Outcome(model: student, before: before, after: before)
  }

  /// The model with its layers adapted, whatever that did to the outputs.
  func adapted(
    on samples: SampleRun, progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> Model {
    let targets = LayerTargets(sites, batches: samples.batches)
    // The session goes at once: its packed weights and its buffers would stand beside all that follows.
    try samples.observe(try Session(descent.teacher, options: options), by: [targets])
    var model = descent.student
    var run = try StretchedRun(model, on: samples, options: options)
    for (place, site) in sites.enumerated() {
      guard let batches = targets.seen[place], let stop = run.place(of: site.node),
        try run.advance(to: stop, in: model)
      else { continue }
      var fit = LayerFit(site, by: options.columnProduct)
      try run.ahead(fit.source, in: model) { index, source throws(ModelError) in
        guard index < batches.count else { return }
        let skip = try site.target.skip.flatMap { value throws(ModelError) in
          try run.value(model.graph[value].name, batch: index)
        }
        fit.add(source, skip: skip, batches[index])
      }
      targets.forget(place)
      adapt(&model.graph, fit)
      progress(WorkProgress(done: place + 1, of: sites.count))
    }
    return model
  }

  private func adapt(_ graph: inout Graph, _ fit: LayerFit) {
    let site = fit.site
    guard let weightID = graph[site.node].inputs[site.form.weight],
      let weight = graph.constant(weightID), let weights = weight.floats,
      weight.dimensions == site.dimensions, site.channels > 0
    else { return }
    let biasID = site.bias.flatMap { graph[$0.node].inputs[safe: $0.slot] ?? nil }
    let old = biasID.flatMap { graph.constant($0) }
    guard biasID == nil || old?.count == site.channels else { return }
    let biases = old?.floats ?? [Float](repeating: 0, count: site.channels)
    guard let (newWeights, newBiases) = fit.adapted(weights, biases) else { return }
    guard newWeights.allSatisfy(\.isFinite), newBiases.allSatisfy(\.isFinite) else { return }
    graph.setInitializer(weightID, Tensor(floats: newWeights, weight.dimensions))
    guard let place = site.bias else { return }
    let newBias = Tensor(floats: newBiases, old?.dimensions ?? [site.channels])
    if let biasID, graph[biasID].uses.count == 1 {
      graph.setInitializer(biasID, newBias)
    } else {
      let stem = (biasID ?? weightID)
      let name = biasID == nil ? graph[stem].name + "_bias" : graph[stem].name
      let added = graph.addInitializer(name, newBias)
      graph.setInput(place.node, slot: place.slot, to: added)
    }
  }

  /// Signal over error of all outputs of two models, against the original, in dB: the worst of them.
  /// The three stand in memory one after another.
  private func quality(
    of first: Model, and second: Model, _ samples: SampleRun
  ) throws(ModelError) -> (Double, Double) {
    var worst = (Double.infinity, Double.infinity)
    var next = 0
    while next < samples.batches {
      let kept = try KeptOutputs(descent.teacher, on: samples, from: next, options: options)
      worst.0 = min(worst.0, try kept.lowestSQNR(of: first))
      worst.1 = min(worst.1, try kept.lowestSQNR(of: second))
      next = max(next + 1, kept.batches.upperBound)
    }
    return worst
  }
}
