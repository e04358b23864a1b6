public import Execution
public import IR
internal import Operators
public import Samples

/// Sets the least important elements of weights to zero: a fraction of them wherever they lie, or all
/// but N of every M along the axis that a product sums over, the form that sparse matrix units read.
///
/// Weights are those that a channel rule says are summed over: of convolutions, products and recurrent
/// layers. Biases and parameters of normalisations stay; so do depthwise convolutions, which sum over
/// nothing but their kernel.
public struct Sparsifier: Sendable {
  /// The model, its constants in initializers.
  public let model: Model
  private let options: SparsityOptions
  private let weights: [ContractedWeight]
  private let left: [(name: String, reason: String)]
  private var activations: ActivationStatistics?

  /// What came of it.
  public struct Result: Sendable {
    /// The sparse model.
    public var model: Model
    /// What became zero, as data.
    public var plan: SparsityPlan
  }

  /// Prepares a model and finds its weights.
  ///
  /// - Throws: `ModelError` when a number of `options` is out of range or the model is invalid.
  public init(_ model: Model, _ options: SparsityOptions) throws(ModelError) {
    switch options.target {
    case .ratio(let ratio):
      guard (0...1).contains(ratio) else {
        throw ModelError(.request, "ratio: expected a number from 0 to 1, found \(ratio)")
      }
    case .pattern(let kept, let count):
      guard kept >= 0, count > 0, kept <= count else {
        throw ModelError(
          .request, "pattern: expected N:M with N from 0 to M, found \(kept):\(count)")
      }
    }
    if options.competition == .global, options.importance != .magnitude {
      throw ModelError(
        .request,
        "scope: expected local for importance '\(options.importance.rawValue)', whose numbers do not compare between weights, found global"
      )
    }
    var prepared = try Pruner.prepared(model)
    prepared.graph.defaultsAreConstant = true
    let found = ContractedWeights(try inferTypes(prepared), keep: options.keep)
    prepared.graph.defaultsAreConstant = false
    self.model = prepared
    self.options = options
    weights = found.weights
    left = found.left
  }

  /// Runs the model on calibration data, for importance that is measured on activations.
  ///
  /// - Parameter progress: called after each batch.
  public mutating func calibrate(
    on samples: SampleRun, options sessionOptions: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) {
    let readings = weights.flatMap { weight in
      weight.readings.map {
        ActivationReading(
          value: $0.value, axis: $0.axis, slots: 0..<weight.channels, weightNorms: nil)
      }
    }
    activations = try ActivationStatistics(
      readings, of: model, on: samples, sessionOptions, progress: progress)
  }

  /// Chooses elements and sets them to zero.
  ///
  /// - Parameter modelHash: what the plan says it was made for.
  public func sparsify(modelHash: String = "") throws(ModelError) -> Result {
    let edge = globalEdge()
    var ties = edge?.ties ?? 0
    var masks: [SparsityPlan.Mask] = []
    var unseen: [SparsityPlan.Left] = []
    var result = model
    for weight in weights.reversed() {
      guard let values = weight.tensor.floats else { continue }
      let norms = try norms(weight)
      if options.importance == .wanda, norms == nil {
        unseen.append(.init(weight: weight.name, reason: "what it is multiplied with was not seen"))
        continue
      }
      let scores = ElementScores(weight, values, norms: norms)
      var mask = ElementMask(count: values.count)
      if let edge {
        let all = Run(start: 0, step: 1, count: values.count)
        scores.drop(below: edge.value, ties: &ties, of: all, from: &mask)
      } else {
        choose(weight, scores, &mask)
      }
      masks.append(describe(weight, values, mask))
      result.graph.setInitializer(weight.value, weight.tensor.keeping(mask))
    }
    let plan = SparsityPlan(
      model: modelHash, target: options.target.description, weights: masks.reversed(),
      left: left.map { .init(weight: $0.name, reason: $0.reason) } + unseen.reversed())
    return Result(model: result, plan: plan)
  }

  /// The magnitude below which elements of all weights go, and how many that equal it; nil where
  /// weights do not compete with each other.
  private func globalEdge() -> (value: UInt32, ties: Int)? {
    guard options.competition == .global, case .ratio(let ratio) = options.target else {
      return nil
    }
    let count = Double(weights.reduce(0) { $0 + $1.tensor.count })
    let wanted = Int((count * ratio).rounded(.toNearestOrEven))
    var edge = Edge()
    for _ in 0..<2 {
      for weight in weights {
        for value in weight.tensor.floats ?? [] { edge.take(value.magnitude.bitPattern) }
      }
      edge.settle(wanted)
    }
    return (edge.value, wanted - edge.below)
  }

  /// Sets to zero what a plan says.
  ///
  /// - Throws: `ModelError` when the plan was made for another model or names a weight that this
  ///   one does not have.
  public func apply(_ plan: SparsityPlan, modelHash: String) throws(ModelError) -> Result {
    guard plan.model == modelHash else {
      throw ModelError(
        .request, "plan: expected a plan for model \(modelHash), found one for \(plan.model)")
    }
    var result = model
    for mask in plan.weights {
      guard let weight = weights.first(where: { $0.name == mask.weight }),
        weight.tensor.dimensions == mask.shape,
        let elements = ElementMask(base64: mask.mask, count: weight.tensor.count)
      else {
        throw ModelError(
          .request,
          "plan: expected a weight '\(mask.weight)' of shape \(mask.shape) with a mask of as many bits, found none"
        )
      }
      result.graph.setInitializer(weight.value, weight.tensor.keeping(elements))
    }
    return Result(model: result, plan: plan)
  }

  private func describe(
    _ weight: ContractedWeight, _ values: [Float], _ mask: ElementMask
  ) -> SparsityPlan.Mask {
    var before = 0, zeros = 0
    for index in values.indices {
      if values[index] == 0 { before += 1 }
      if values[index] == 0 || !mask[index] { zeros += 1 }
    }
    return SparsityPlan.Mask(
      weight: weight.name, shape: weight.tensor.dimensions, axis: weight.axis, zerosBefore: before,
      zeros: zeros, mask: mask.base64)
  }

  /// The norms of the channels that a weight is multiplied with; nil where they do not count or were
  /// not observed.
  private func norms(_ weight: ContractedWeight) throws(ModelError) -> [Float]? {
    guard options.importance == .wanda else { return nil }
    guard let activations else {
      throw ModelError(.request, "importance: expected calibration data for 'wanda', found none")
    }
    guard !weight.readings.isEmpty else { return nil }
    var squares = [Double](repeating: 0, count: weight.channels)
    for reading in weight.readings {
      guard let channels = activations.channels(reading.value, axis: reading.axis),
        channels.count == squares.count
      else { return nil }
      for index in squares.indices { squares[index] += channels[index].square }
    }
    return squares.map { Float($0.squareRoot()) }
  }

  /// Drops the least important elements of a weight.
  private func choose(
    _ weight: ContractedWeight, _ scores: ElementScores, _ mask: inout ElementMask
  ) {
    switch options.target {
    case .ratio(let ratio):
      func drop(_ run: Run) {
        let count = Int((Double(run.count) * ratio).rounded(.toNearestOrEven))
        scores.drop(count, of: run, from: &mask)
      }
      if options.importance == .wanda {
        weight.forEachOutput(drop)
      } else {
        drop(Run(start: 0, step: 1, count: weight.tensor.count))
      }
    case .pattern(let kept, let size):
      weight.forEachRun { run in
        for first in stride(from: 0, to: run.count, by: size) {
          let part = Run(
            start: run[first], step: run.step, count: Swift.min(size, run.count - first))
          scores.drop(part.count - kept, of: part, from: &mask)
        }
      }
    }
  }
}
