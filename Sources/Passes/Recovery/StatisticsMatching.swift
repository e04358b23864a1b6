public import Executor
public import IR
internal import Operators

/// Gives the channels that stayed the mean and the deviation that they had in the original, without
/// training: each weight and bias is scaled and shifted so that its outputs on calibration data
/// match (the idea of re-estimating batch statistics after pruning, for models whose normalisation
/// is folded away).
public struct StatisticsMatching: Sendable {
  private let original: Model
  private let result: Pruner.Result
  private let sites: [Site]
  private let options: SessionOptions

  /// What came of a recovery.
  public struct Outcome: Sendable {
    /// The model with matched statistics, or the pruned one when matching did not help.
    public let model: Model
    /// Signal over error of the outputs against the original before, in dB.
    public let before: Double
    /// The same afterwards.
    public let after: Double
  }

  /// A node whose weight and bias can be adapted.
  private struct Site: Sendable {
    let node: NodeID
    let output: ValueID
    let axis: Int
    let weight: Int
    let weightAxis: Int
    let bias: Int
    let kept: [Int]?
    let channels: Int
  }

  /// Statistics are measured anew after each of at most this many runs of nodes, since every
  /// correction changes what the nodes behind it see.
  private static let sweeps = 16
  /// Scales outside of this range would amplify noise.
  private static let scales = 0.25...4.0

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
        case .weighted(_, let weight, let weightAxis, let bias?, _) = op.quantization(
          facts.inputs(id)),
        let output = facts.graph[id].outputs[0],
        let axis = Self.channelAxis(
          op.channels(facts.inputs(id), facts.outputs(id)), weight, weightAxis),
        let weightID = result.model.graph[id].inputs[weight],
        let tensor = result.model.graph.constant(weightID), tensor.elementType == .float,
        result.model.graph[weightID].uses.count == 1,
        let biasID = result.model.graph[id].inputs[bias],
        let biases = result.model.graph.constant(biasID), biases.elementType == .float,
        biases.count == tensor.dimensions[weightAxis]
      else { return nil }
      return Site(
        node: id, output: output, axis: axis, weight: weight, weightAxis: weightAxis, bias: bias,
        kept: result.surgery.kept(id, Axis(.output(0), axis)), channels: biases.count)
    }
  }

  /// The axis of the output that carries the weight's output channels.
  private static func channelAxis(_ rule: ChannelRule, _ weight: Int, _ weightAxis: Int) -> Int? {
    for case .same(let a, let b) in rule.relations {
      if a == Axis(.input(weight), weightAxis), b.port == .output(0) { return b.axis }
    }
    return nil
  }

  /// Matches statistics on the given batches.
  ///
  /// - Parameters:
  ///   - batches: the number of batches.
  ///   - inputs: the inputs of a batch.
  public func run(
    batches: Int, inputs: (Int) throws(ModelError) -> [String: Tensor]
  ) throws(ModelError) -> Outcome {
    let targets = try moments(of: original, at: sites, isOriginal: true, batches, inputs)
    var model = result.model
    let step = max(1, (sites.count + Self.sweeps - 1) / Self.sweeps)
    for start in stride(from: 0, to: sites.count, by: step) {
      let run = Array(sites[start..<min(start + step, sites.count)])
      let found = try moments(of: model, at: run, isOriginal: false, batches, inputs)
      for site in run {
        adapt(&model.graph, site, to: targets[site.node]!, from: found[site.node]!)
      }
    }
    let before = try quality(of: result.model, batches, inputs)
    let after = try quality(of: model, batches, inputs)
    return after > before
      ? Outcome(model: model, before: before, after: after)
      : Outcome(model: result.model, before: before, after: before)
  }

  private func moments(
    of model: Model, at sites: [Site], isOriginal: Bool, _ batches: Int,
    _ inputs: (Int) throws(ModelError) -> [String: Tensor]
  ) throws(ModelError) -> [NodeID: ChannelMoments] {
    var moments: [NodeID: ChannelMoments] = [:]
    var places: [ValueID: Site] = [:]
    for site in sites {
      moments[site.node] = ChannelMoments(channels: site.channels)
      places[site.output] = site
    }
    let session = try Session(model, options: options)
    for batch in 0..<batches {
      _ = try session.run(try inputs(batch), observing: Set(places.keys)) {
        value, view throws(ModelError) in
        guard let site = places[value], view.elementType == .float else { return }
        moments[site.node]?.observe(
          view.elements(Float.self), shape: view.shape, axis: site.axis,
          kept: isOriginal ? site.kept : nil)
      }
    }
    return moments
  }

  private func adapt(
    _ graph: inout Graph, _ site: Site, to target: ChannelMoments, from found: ChannelMoments
  ) {
    guard let weightID = graph[site.node].inputs[site.weight],
      let biasID = graph[site.node].inputs[site.bias], let weight = graph.constant(weightID),
      let bias = graph.constant(biasID), var weights = weight.floats, var biases = bias.floats
    else { return }
    let inner = weight.dimensions[(site.weightAxis + 1)...].reduce(1, *)
    let scales = (0..<site.channels).map { channel -> Double in
      let deviation = found.deviation(channel)
      guard deviation > 1e-6 * target.deviation(channel), deviation > 0 else { return 1 }
      let ratio = target.deviation(channel) / deviation
      return min(max(ratio, Self.scales.lowerBound), Self.scales.upperBound)
    }
    for index in weights.indices {
      weights[index] = Float(Double(weights[index]) * scales[index / inner % site.channels])
    }
    for channel in biases.indices {
      let shifted = scales[channel] * (Double(biases[channel]) - found.mean(channel))
      biases[channel] = Float(shifted + target.mean(channel))
    }
    guard (weights + biases).allSatisfy(\.isFinite) else { return }
    graph.setInitializer(weightID, Tensor(floats: weights, weight.dimensions))
    let newBias = Tensor(floats: biases, bias.dimensions)
    if graph[biasID].uses.count == 1 {
      graph.setInitializer(biasID, newBias)
    } else {
      let clone = graph.addInitializer(graph[biasID].name, newBias)
      graph.setInput(site.node, slot: site.bias, to: clone)
    }
  }

  /// Signal over error of all outputs, against the original, in dB: the worst of them.
  private func quality(
    of model: Model, _ batches: Int, _ inputs: (Int) throws(ModelError) -> [String: Tensor]
  ) throws(ModelError) -> Double {
    let reference = try Session(original, options: options)
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
