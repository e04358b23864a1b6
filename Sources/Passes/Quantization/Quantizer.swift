public import Execution
public import IR
internal import Operators

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

  /// Runs the model on batches and finds the ranges of what will be quantized.
  ///
  /// - Parameters:
  ///   - next: gives the next batch and the number of its samples, nil at the end.
  public func calibrate(
    modelHash: String = "", session: SessionOptions = SessionOptions(),
    next: () throws(ModelError) -> (inputs: [String: Tensor], samples: Int)?
  ) throws(ModelError) -> CalibrationStatistics {
    var histogram = false
    if case .percentile = options.method { histogram = true }
    var calibration = try Calibration(
      computable, values: observed, histogram: histogram, options: session)
    while let batch = try next() { try calibration.add(batch.inputs, samples: batch.samples) }
    guard calibration.samples > 0 else {
      throw ModelError(.request, "calibration: expected at least one sample, found none")
    }
    return CalibrationStatistics(
      model: modelHash, samples: calibration.samples, ranges: calibration.ranges(options.method))
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

  /// Quantizes with the ranges that calibration found.
  ///
  /// - Throws: `ModelError` when a range is missing.
  public func quantize(_ statistics: CalibrationStatistics) throws(ModelError) -> Result {
    var scheme = scheme
    var groups: [Int: ClosedRange<Float>] = [:]
    for value in scheme.quantized.sorted() {
      let range = try range(of: value, statistics)
      let group = scheme.parameterGroup(value)
      let known = groups[group] ?? range
      groups[group] =
        min(known.lowerBound, range.lowerBound)...max(known.upperBound, range.upperBound)
    }
    let parameters = scheme.quantized.reduce(into: [ValueID: ActivationParameters]()) {
      $0[$1] = ActivationParameters(groups[scheme.parameterGroup($1)]!)
    }
    var rewriter = QDQRewriter(model: model, scheme: scheme, parameters: parameters)
    try rewriter.run()
    let entries = facts.graph.nodeIDs.map { id -> Entry in
      var reason: String?
      if case .float(let text)? = scheme.decisions[id] { reason = text }
      return Entry(node: facts.graph.label(id), op: facts.graph[id].op, reason: reason)
    }
    return Result(model: rewriter.model, entries: entries)
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
