public import Execution
public import IR
internal import Operators
public import Samples

/// Quantizes a model to 8-bit integers in QDQ form: nodes keep their operators, and pairs of
/// QuantizeLinear and DequantizeLinear tell the runtime which of them to run in integers.
public struct Quantizer: Sendable {
  /// The model as it is calibrated: simplified, so that nothing is quantized that folds away.
  public let model: Model
  private let options: QuantizationOptions
  private let scheme: QuantizationScheme
  private let facts: TypedGraph

  /// What became of one node.
  public struct Entry: Hashable, Sendable {
    /// Operator and name.
    public let node: String
    /// The operator.
    public let op: OperatorName
    /// Why the node stays in float; nil when it is integer.
    public let reason: String?
  }

  /// What came of a quantization.
  public struct Result: Sendable {
    /// The quantized model.
    public var model: Model
    /// Every node of the simplified model, in order.
    public var entries: [Entry]
    /// What was decided, as data.
    public var plan: QuantizationPlan
  }

  /// Simplifies a model and plans its quantization.
  ///
  /// - Throws: `ModelError` when the operator set is too old, or has nothing to quantize with.
  public init(_ model: Model, _ options: QuantizationOptions) throws(ModelError) {
    guard let opset = model.opset(), opset >= QuantizationNodes.perTensorOpset else {
      throw ModelError(
        .unsupported,
        "quantization: expected operator set \(QuantizationNodes.perTensorOpset) or later, found \(model.opset().map { "\($0)" } ?? "none")",
        hint: "convert the model to a later operator set with its exporter")
    }
    var prepared = model
    _ = try PassManager(try Simplify.passes()).run(&prepared)
    facts = try inferTypes(prepared)
    scheme = QuantizationScheme(facts, options, opset: opset)
    self.model = prepared
    self.options = options
  }

  /// Runs the model on samples and finds the ranges of what will be quantized.
  ///
  /// - Parameter progress: called after each batch.
  public func calibrate(
    on samples: SampleRun, modelHash: String = "", options: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> CalibrationStatistics {
    guard samples.count > 0 else {
      throw ModelError(.request, "calibration: expected at least one sample, found none")
    }
    var histogram = false
    if case .percentile = self.options.method { histogram = true }
    let model = computable
    let calibration = RangeCalibration(observed, histogram: histogram)
    let count = try samples.observe(
      try Session(model, options: options), by: [calibration], progress: progress)
    return CalibrationStatistics(
      model: modelHash, samples: count,
      ranges: calibration.ranges(self.options.method, in: model.graph))
  }

  /// Runs the model on a data set.
  public func calibrate(
    on data: Dataset, modelHash: String = "", options: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> CalibrationStatistics {
    try calibrate(
      on: SampleRun(data, for: model), modelHash: modelHash, options: options, progress: progress)
  }

  /// The model without what cannot run.
  private var computable: Model {
    guard !scheme.blind.isEmpty else { return model }
    var part = model
    part.graph.removeOutputs()
    for id in scheme.blind.keys.sorted() { part.graph.remove(id) }
    return part
  }

  private var observed: Set<ValueID> {
    scheme.quantized.filter { scheme.fixed[$0] == nil && facts.graph.constant($0) == nil }
  }

  /// Decides what becomes of each node and value, with the ranges that calibration found.
  ///
  /// - Parameter modelHash: what the plan says it was made for.
  /// - Throws: `ModelError` when a range is missing.
  public func plan(
    _ statistics: CalibrationStatistics, modelHash: String = ""
  ) throws(ModelError) -> QuantizationPlan {
    var scheme = scheme
    var groups: [Int: ClosedRange<Float>] = [:]
    let quantized = scheme.quantized.sorted().map { ($0, scheme.parameterGroup($0)) }
    for (value, group) in quantized {
      let range = try range(of: value, statistics)
      let known = groups[group] ?? range
      groups[group] =
        min(known.lowerBound, range.lowerBound)...max(known.upperBound, range.upperBound)
    }
    let graph = facts.graph
    let values = quantized.compactMap { value, group -> QuantizationPlan.Value? in
      guard let own = groups[group].map({ ActivationParameters($0) }) else { return nil }
      return .init(value: graph[value].name, scale: own.scale, zeroPoint: own.zeroPoint)
    }
    return QuantizationPlan(
      model: modelHash, profile: options.profile.rawValue, samples: statistics.samples,
      nodes: graph.nodeIDs.map { node($0) }, values: values)
  }

  private func node(_ id: NodeID) -> QuantizationPlan.Node {
    let graph = facts.graph
    let output = graph[id].outputs.lazy.compactMap { $0 }.first.map { graph[$0].name }
    var node: QuantizationPlan.Node = .init(
      node: graph.label(id), output: output ?? "", form: .float, reason: nil)
    switch scheme.decisions[id] {
    case .weighted(let activation, let weight, let axis, let bias):
      node.form = .weighted
      (node.activation, node.weight, node.axis, node.bias) = (activation, weight, axis, bias)
    case .integer: node.form = .integer
    case .absorbed: node.form = .absorbed
    case .float(let reason): node.reason = reason
    case nil: break
    }
    return node
  }

  /// Quantizes with the ranges that calibration found.
  ///
  /// - Throws: `ModelError` when a range is missing.
  public func quantize(
    _ statistics: CalibrationStatistics, modelHash: String = ""
  ) throws(ModelError) -> Result {
    try write(try plan(statistics, modelHash: modelHash))
  }

  /// Quantizes as a plan says.
  ///
  /// - Throws: `ModelError` when the plan was made for another model or names what this one does
  ///   not have.
  public func apply(
    _ plan: QuantizationPlan, modelHash: String
  ) throws(ModelError) -> Result {
    guard plan.model == modelHash else {
      throw ModelError(
        .request, "plan: expected a plan for model \(modelHash), found one for \(plan.model)")
    }
    return try write(plan)
  }

  private func write(_ plan: QuantizationPlan) throws(ModelError) -> Result {
    var writer = QDQWriter(model, try ResolvedPlan(plan, in: model.graph))
    try writer.run()
    var reasons: [String: String] = [:]
    for node in plan.nodes where node.form == .float { reasons[node.output] = node.reason ?? "" }
    let entries = facts.graph.nodeIDs.map { id -> Entry in
      let output = facts.graph[id].outputs.lazy.compactMap { $0 }.first
      return Entry(
        node: facts.graph.label(id), op: facts.graph[id].op,
        reason: output.flatMap { reasons[facts.graph[$0].name] })
    }
    return Result(model: writer.model, entries: entries, plan: plan)
  }

  private func range(
    of value: ValueID, _ statistics: CalibrationStatistics
  ) throws(ModelError) -> ClosedRange<Float> {
    if let fixed = scheme.fixed[value] { return fixed }
    if let constant = facts.graph.constant(value)?.floats {
      let finite = constant.filter(\.isFinite)
      return (finite.min() ?? 0)...(finite.max() ?? 0)
    }
    let name = facts.graph[value].name
    guard let pair = statistics.ranges[name], pair.count == 2, pair[0] <= pair[1] else {
      throw ModelError(
        .request, "calibration: expected a range for '\(name)', found none",
        hint: "the data never reached it, or the statistics belong to another model")
    }
    return pair[0]...pair[1]
  }
}
