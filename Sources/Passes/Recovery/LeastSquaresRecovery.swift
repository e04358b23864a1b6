public import Execution
public import IR
private import Kernels
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
    _ result: Pruner.Result, original: Model, options: SessionOptions
  ) {
    self.original = original
    self.result = result
    self.options = options
    let facts = result.surgery.coupling.facts
    sites = facts.graph.nodeIDs.compactMap { Self.site($0, facts, result) }
  }

  /// A node whose weight and bias are constants of its own; nil for others.
  private static func site(
    _ id: NodeID, _ facts: TypedGraph, _ result: Pruner.Result
  ) -> FitSite? {
    let graph = result.model.graph
    guard let op = facts.op(id), let form = op.linear(facts.inputs(id)), form.isPlain,
      form.kind != .scaling, form.alpha == 1, !form.transposesActivation,
      op.channels(facts.inputs(id), facts.outputs(id)).barrier == nil,
      let rank = facts.graph[id].outputs[0].flatMap({ facts.graph[$0].tensorType?.shape?.rank }),
      let axis = LinearForm.place(form.outputAxis, rank: rank),
      let input = graph[id].inputs[form.activation], let weightID = graph[id].inputs[form.weight],
      let tensor = graph.constant(weightID), tensor.elementType == .float,
      graph[weightID].uses.count == 1,
      let layout = WeightLayout(form, dimensions: tensor.dimensions),
      let (bias, output) = bias(id, form, facts, graph, channels: layout.outputs)
    else { return nil }
    return FitSite(
      node: id, form: form, input: input, output: output, axis: axis, bias: bias,
      kept: result.surgery.kept(id, Axis(.output(0), axis)), dimensions: tensor.dimensions,
      layout: layout)
  }

  /// Where a layer's bias is, or where it gets one, and the value that it is part of: an input of
  /// the node itself, or the constant that an Add behind the node adds along the channels. Nil where
  /// there is no place for one.
  private static func bias(
    _ id: NodeID, _ form: LinearForm, _ facts: TypedGraph, _ graph: Graph, channels: Int
  ) -> (FitSite.Bias, ValueID)? {
    guard let output = facts.graph[id].outputs[0] else { return nil }
    func isOneEach(_ value: ValueID) -> Bool {
      guard let tensor = graph.constant(value), tensor.elementType == .float else { return false }
      return tensor.count == channels && tensor.dimensions.last == channels
    }
    if let place = form.bias {
      guard place.factor == 1 else { return nil }
      guard let value = graph[id].inputs[safe: place.slot] ?? nil else {
        return (.init(node: id, slot: place.slot), output)
      }
      return isOneEach(value) ? (.init(node: id, slot: place.slot), output) : nil
    }
    guard let next = facts.graph.onlyConsumer(of: output),
      let sum = facts.op(next) as? any BroadcastBinary, sum.function == .add,
      let result = facts.graph[next].outputs[0],
      let slot = graph[next].inputs.firstIndex(where: { $0 != output }),
      let value = graph[next].inputs[slot], isOneEach(value),
      (graph.constant(value)?.dimensions.count ?? 0) <= 1
    else { return nil }
    return (.init(node: next, slot: slot), result)
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
    let site = fit.site, layout = site.layout
    guard let weightID = graph[site.node].inputs[site.form.weight],
      let weight = graph.constant(weightID), let weights = weight.floats,
      weight.dimensions == site.dimensions, site.channels > 0,
      weights.count == layout.outputs * layout.length
    else { return }
    let biasID = graph[site.bias.node].inputs[safe: site.bias.slot] ?? nil
    let old = biasID.flatMap { graph.constant($0) }
    guard biasID == nil || old?.count == site.channels else { return }
    let biases = old?.floats ?? [Float](repeating: 0, count: site.channels)
    // Where a weight's elements lie when its rows are output channels.
    let places = (0..<layout.outputs).flatMap { output in
      (0..<layout.length).map { layout.place(output: output, column: $0) }
    }
    guard
      let found = fit.solution(
        places.map { Double(weights[$0]) }, biases.map { Double($0) })
    else { return }
    var newWeights = weights
    for (row, place) in places.enumerated() { newWeights[place] = Float(found.weights[row]) }
    let newBiases = found.biases.map { Float($0) }
    guard newWeights.allSatisfy(\.isFinite), newBiases.allSatisfy(\.isFinite) else { return }
    graph.setInitializer(weightID, Tensor(floats: newWeights, weight.dimensions))
    let newBias = Tensor(floats: newBiases, old?.dimensions ?? [site.channels])
    if let biasID, graph[biasID].uses.count == 1 {
      graph.setInitializer(biasID, newBias)
    } else {
      let stem = (biasID ?? weightID)
      let name = biasID == nil ? graph[stem].name + "_bias" : graph[stem].name
      let added = graph.addInitializer(name, newBias)
      graph.setInput(site.bias.node, slot: site.bias.slot, to: added)
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
