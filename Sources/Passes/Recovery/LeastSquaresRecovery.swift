public import Execution
public import IR
internal import Operators
public import Samples

/// Gives what is left of a pruned model the weights and biases with which each layer comes closest
/// to what it computed in the original, on calibration data and without training.
///
/// In execution order, a layer's inputs X in the pruned model, its predecessors already recovered,
/// and its outputs Y in the original, cut to the channels that are left, give a linear problem:
/// minimise |Y - X·Wᵀ - b|² with a ridge towards the weights that the layer has
/// (`NormalEquations`). So a layer makes up for the channels that it no longer sees with those that
/// it does see, as far as they are correlated, and for the errors of the layers before it.
public struct LeastSquaresRecovery: Sendable {
  private let original: Model
  private let result: Pruner.Result
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

  /// Layers are recovered in at most this many steps. Those of one step do not see each other's
  /// new weights.
  private static let sweeps = 24

  /// Finds what can be adapted.
  ///
  /// - Parameters:
  ///   - original: the model that was pruned, as the pruner prepared it.
  public init(
    _ result: Pruner.Result, original: Model, options: SessionOptions = SessionOptions()
  ) {
    self.original = original
    self.result = result
    self.options = options
    let facts = result.surgery.coupling.facts
    sites = facts.graph.nodeIDs.compactMap { id in
      guard let op = facts.op(id),
        let form = op.linear(facts.inputs(id)), form.isPlain,
        form.kind == .convolution || form.kind == .product, form.alpha == 1,
        !form.transposesActivation, let place = form.bias, place.factor == 1,
        let weightAxis = form.weightOutput, let output = facts.graph[id].outputs[0],
        let axis = Self.channelAxis(
          op.channels(facts.inputs(id), facts.outputs(id)), form.weight, weightAxis),
        let input = result.model.graph[id].inputs[form.activation],
        let weightID = result.model.graph[id].inputs[form.weight],
        let tensor = result.model.graph.constant(weightID), tensor.elementType == .float,
        weightAxis == 0 || (weightAxis == 1 && tensor.dimensions.count == 2),
        result.model.graph[weightID].uses.count == 1,
        let biasID = result.model.graph[id].inputs[safe: place.slot] ?? nil,
        let biases = result.model.graph.constant(biasID), biases.elementType == .float,
        biases.count == tensor.dimensions[weightAxis]
      else { return nil }
      return FitSite(
        node: id, form: form, input: input, output: output, axis: axis, weight: form.weight,
        weightAxis: weightAxis, bias: place.slot,
        kept: result.surgery.kept(id, Axis(.output(0), axis)), dimensions: tensor.dimensions)
    }
  }

  /// The axis of the output that carries the weight's output channels.
  private static func channelAxis(_ rule: ChannelRule, _ weight: Int, _ weightAxis: Int) -> Int? {
    for case .same(let a, let b) in rule.relations {
      if a == Axis(.input(weight), weightAxis), b.port == .output(0) { return b.axis }
    }
    return nil
  }

  /// Samples a run, where the model takes any number.
  public static let usualBatch = 64

  /// Recovers on samples.
  ///
  /// - Parameters:
  ///   - proof: samples to say with what came of it.
  ///   - progress: called after each batch of each sweep.
  public func run(
    on samples: SampleRun, proof: SampleRun, progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> Outcome {
    let reference = try Session(original, options: options)
    var model = result.model
    let step = max(1, (sites.count + Self.sweeps - 1) / Self.sweeps)
    for start in stride(from: 0, to: sites.count, by: step) {
      let end = min(start + step, sites.count)
      let fits = sites[start..<end].map { Fit(LayerFit($0, batches: samples.batches)) }
      let session = try Session(model, options: options)
      try samples.observe([
        (session, fits.map(SourceObserver.init)), (reference, fits.map(TargetObserver.init)),
      ])
      for fit in fits { adapt(&model.graph, fit.layer) }
      progress(WorkProgress(done: end, of: sites.count))
    }
    let before = try quality(of: result.model, reference, proof)
    let after = try quality(of: model, reference, proof)
    return after > before
      ? Outcome(model: model, before: before, after: after)
      : Outcome(model: result.model, before: before, after: before)
  }

  private func adapt(_ graph: inout Graph, _ fit: LayerFit) {
    let site = fit.site
    guard let weightID = graph[site.node].inputs[site.weight],
      let biasID = graph[site.node].inputs[site.bias], let weight = graph.constant(weightID),
      let bias = graph.constant(biasID), let weights = weight.floats, let biases = bias.floats,
      weight.dimensions == site.dimensions, site.channels > 0
    else { return }
    let row = weights.count / site.channels
    // Where a weight's elements lie when its rows are output channels.
    func place(_ index: Int) -> Int {
      site.weightAxis == 0 ? index : index % row * site.channels + index / row
    }
    let current = weights.indices.map { Double(weights[place($0)]) }
    guard let found = fit.solution(current, biases.map { Double($0) }) else { return }
    var newWeights = weights
    for index in weights.indices { newWeights[place(index)] = Float(found.weights[index]) }
    let newBiases = found.biases.map { Float($0) }
    guard newWeights.allSatisfy(\.isFinite), newBiases.allSatisfy(\.isFinite) else { return }
    graph.setInitializer(weightID, Tensor(floats: newWeights, weight.dimensions))
    let newBias = Tensor(floats: newBiases, bias.dimensions)
    if graph[biasID].uses.count == 1 {
      graph.setInitializer(biasID, newBias)
    } else {
      let clone = graph.addInitializer(graph[biasID].name, newBias)
      graph.setInput(site.node, slot: site.bias, to: clone)
    }
  }

  /// Signal over error of all outputs, against the original, in dB: the worst of them.
  private func quality(
    of model: Model, _ reference: Session, _ samples: SampleRun
  ) throws(ModelError) -> Double {
    let candidate = try Session(model, options: options)
    let names = original.graph.outputs.map { original.graph[$0.value].name }
    var worst = Double.infinity
    try samples.forEach { sample, _ throws(ModelError) in
      let a = try reference.run(sample), b = try candidate.run(sample)
      for name in names {
        guard let x = a[name], let y = b[name] else { continue }
        worst = min(worst, try Comparison(reference: x, candidate: y).sqnr)
      }
    }
    return worst
  }
}

/// A layer's sums, which two observers fill: one sees what it reads, one what it should make.
private final class Fit {
  var layer: LayerFit

  init(_ layer: LayerFit) { self.layer = layer }
}

/// Sees what a layer reads in the pruned model.
private final class SourceObserver: Observer {
  private let fit: Fit
  let values: Set<ValueID>

  init(_ fit: Fit) {
    self.fit = fit
    values = [fit.layer.source]
  }

  func observe(_ value: ValueID, _ view: TensorView) { fit.layer.read(view) }
}

/// Sees what the layer made in the original.
private final class TargetObserver: Observer {
  private let fit: Fit
  let values: Set<ValueID>

  init(_ fit: Fit) {
    self.fit = fit
    values = [fit.layer.site.output]
  }

  func observe(_ value: ValueID, _ view: TensorView) { fit.layer.compare(view) }
}
