public import Execution
public import IR
internal import Operators
internal import Samples

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

  /// Recovers with the given batches.
  ///
  /// - Parameters:
  ///   - batches: the number of batches.
  ///   - inputs: the inputs of a batch.
  public func run(
    batches: Int, inputs: (Int) throws(ModelError) -> [String: Tensor]
  ) throws(ModelError) -> Outcome {
    let reference = try Session(original, options: options)
    var model = result.model
    let step = max(1, (sites.count + Self.sweeps - 1) / Self.sweeps)
    for start in stride(from: 0, to: sites.count, by: step) {
      var fits = sites[start..<min(start + step, sites.count)].map {
        LayerFit($0, batches: batches)
      }
      let session = try Session(model, options: options)
      let sources = Set(fits.map(\.source)), targets = Set(fits.map(\.site.output))
      for batch in 0..<batches {
        let sample = try inputs(batch)
        _ = try session.run(sample, outputs: [], observing: sources) {
          value, view throws(ModelError) in
          for index in fits.indices where fits[index].source == value { fits[index].read(view) }
        }
        _ = try reference.run(sample, outputs: [], observing: targets) {
          value, view throws(ModelError) in
          for index in fits.indices where fits[index].site.output == value {
            fits[index].compare(view)
          }
        }
      }
      for fit in fits { adapt(&model.graph, fit) }
    }
    let before = try quality(of: result.model, reference, batches, inputs)
    let after = try quality(of: model, reference, batches, inputs)
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
    of model: Model, _ reference: Session, _ batches: Int,
    _ inputs: (Int) throws(ModelError) -> [String: Tensor]
  ) throws(ModelError) -> Double {
    let candidate = try Session(model, options: options)
    var worst = Double.infinity
    for batch in 0..<batches {
      let sample = try inputs(batch)
      let a = try reference.run(sample), b = try candidate.run(sample)
      for info in original.graph.outputs {
        let name = original.graph[info.value].name
        guard let x = a[name], let y = b[name] else { continue }
        worst = min(worst, try Comparison(reference: x, candidate: y).sqnr)
      }
    }
    return worst
  }
}
