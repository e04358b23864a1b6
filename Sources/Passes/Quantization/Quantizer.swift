public import IR
internal import Operators

/// Quantizes a model to 8-bit integers in QDQ form: nodes keep their operators, and pairs of
/// QuantizeLinear and DequantizeLinear tell the runtime which of them to run in integers.
public struct Quantizer: Sendable {
  /// The model as it is calibrated: simplified, so that nothing is quantized that folds away.
  public let model: Model
  /// What a reader of the report should know, a line each.
  public let notes: [String]
  let options: QuantizationOptions
  let scheme: QuantizationScheme
  let facts: TypedGraph
  /// The model as it was given.
  let source: Model
  /// What evens out channels before anything is quantized.
  public let smoothing: Smoothing
  private let opset: Int

  /// What became of one node.
  public struct Entry: Hashable, Sendable {
    /// Operator and name.
    public let node: String
    /// The operator.
    public let op: OperatorName
    /// Why the node stays in float; nil when it is integer.
    public let reason: String?
    /// The node's own name.
    public let name: String?
    /// The name of its first output.
    public let output: String
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
  /// - Parameter smoothing: what evens out channels first.
  /// - Throws: `ModelError` when the operator set is too old, or has nothing to quantize with, or when
  ///   the smoothing is for another model.
  public init(
    _ model: Model, _ options: QuantizationOptions, smoothing: Smoothing = Smoothing()
  ) throws(ModelError) {
    var prepared = model
    try FunctionInlining().run(&prepared)
    let widened = try prepared.widenHalves()
    let isWide = options.hasWideActivations || !options.wide.isEmpty
    guard !isWide || options.takesWideActivations else {
      throw ModelError(
        .request,
        "activations of 16 bits: expected a profile that takes them, such as qnn, found \(options.profile.rawValue)"
      )
    }
    let raised =
      try (widened.map { [$0] } ?? [])
      + prepared.raise(
        wide: isWide, packed: options.packsWeights)
    let opset = prepared.opset() ?? QuantizationNodes.perTensorOpset
    _ = try PassManager(try Simplify.passes()).run(&prepared)
    notes =
      raised
      + prepared.graph.notes(unmatched: options.exclude + options.wide + options.fullWeights)
    try smoothing.apply(to: &prepared)
    facts = try inferTypes(prepared)
    scheme = QuantizationScheme(facts, options, opset: opset)
    self.model = prepared
    source = model
    self.smoothing = smoothing
    self.options = options
    self.opset = opset
  }

  /// The model without what cannot run.
  var computable: Model {
    guard !scheme.blind.isEmpty else { return model }
    var part = model
    part.graph.removeOutputs()
    for id in scheme.blind.keys.sorted() { part.graph.remove(id) }
    return part
  }

  /// Values whose ranges are wanted: also those known beforehand, since a node may yet stay in float.
  var observed: Set<ValueID> {
    scheme.quantized.filter { facts.graph.constant($0) == nil }
  }

  /// Decides what becomes of each node and value, with the ranges that calibration found.
  ///
  /// - Parameter modelHash: what the plan says it was made for.
  /// - Throws: `ModelError` when a range is missing.
  public func plan(
    _ statistics: CalibrationStatistics, modelHash: String = ""
  ) throws(ModelError) -> QuantizationPlan {
    var (scheme, ranges) = try settled(statistics)
    var groups: [Int: ClosedRange<Float>] = [:]
    let quantized = scheme.quantized.sorted().map { ($0, scheme.parameterGroup($0)) }
    for (value, group) in quantized {
      guard let range = ranges[value] else { continue }
      let known = groups[group] ?? range
      groups[group] =
        min(known.lowerBound, range.lowerBound)...max(known.upperBound, range.upperBound)
    }
    let graph = facts.graph, target = options.effectiveTarget, wide = wideGroups(&scheme)
    let values = quantized.compactMap { value, group -> QuantizationPlan.Value? in
      let grid =
        wide.contains(group) ? target.wideActivations ?? target.activations : target.activations
      guard let own = groups[group].map({ ActivationParameters($0, grid) }) else { return nil }
      return .init(
        value: graph[value].name, scale: own.scale, zeroPoint: own.zeroPoint, type: "\(own.type)")
    }
    return QuantizationPlan(
      model: modelHash, profile: options.profile.rawValue, samples: statistics.samples,
      nodes: graph.nodeIDs.map { node($0, scheme) }, values: values,
      smoothing: smoothing.values.isEmpty ? nil : smoothing)
  }

  /// The values, by groups of equal parameters, that layers with activations of 16 bits read or make.
  private func wideGroups(_ scheme: inout QuantizationScheme) -> Set<Int> {
    let globs = options.wide.map { Glob($0) }
    guard !globs.isEmpty else { return [] }
    let graph = facts.graph
    let values = graph.nodeIDs.flatMap { id -> [ValueID] in
      let names = graph.names(of: id)
      guard globs.contains(where: { names.contains(where: $0.matches) }) else { return [] }
      var values = (graph[id].inputs + graph[id].outputs).compactMap { $0 }
      // A clamp that the layer's own rounding does is part of it.
      while let last = values.last, let next = graph.onlyConsumer(of: last),
        case .absorbed = scheme.decisions[next], let result = graph[next].outputs[0]
      {
        values.append(result)
      }
      return values
    }
    let known = scheme.quantized
    return Set(values.filter(known.contains).map { scheme.parameterGroup($0) })
  }

  /// The scheme without values that no 8 bits can hold, and the ranges of all others.
  private func settled(
    _ statistics: CalibrationStatistics
  ) throws(ModelError) -> (QuantizationScheme, [ValueID: ClosedRange<Float>]) {
    var scheme = scheme
    var barred: [ValueID: String] = [:]
    // Each round bars more values; what they were joined with may be the next.
    while true {
      var ranges: [ValueID: ClosedRange<Float>] = [:]
      var more: [ValueID: String] = [:]
      let limits = RangeLimits(facts, statistics, options)
      for value in scheme.quantized.sorted() {
        switch try limits.range(of: value, fixed: scheme.fixed[value]) {
        case .range(let range): ranges[value] = range
        case .barred(let reason): more[value] = reason
        }
      }
      if more.isEmpty { return (scheme, ranges) }
      for (value, reason) in more {
        barred[value] = reason
        // A clamp that is not absorbed leaves its operand, of which nothing is known.
        if let producer = facts.graph[value].producer,
          case .absorbed = scheme.decisions[producer], let source = facts.graph[producer].inputs[0]
        {
          barred[source] = reason
        }
      }
      scheme = QuantizationScheme(facts, options, opset: opset, barred: barred)
    }
  }

  private func node(_ id: NodeID, _ scheme: QuantizationScheme) -> QuantizationPlan.Node {
    let graph = facts.graph
    let output = graph[id].outputs.lazy.compactMap { $0 }.first.map { graph[$0].name }
    var node: QuantizationPlan.Node = .init(
      node: graph.label(id), output: output ?? "", form: .float, reason: nil, pairs: false)
    switch scheme.decisions[id] {
    case .weighted(let own):
      node.form = .weighted
      (node.activation, node.weight, node.axis, node.bias) = (
        own.activation, own.weight, own.axis, own.bias
      )
      (node.contraction, node.peak, node.pairPeak) = (
        own.contraction, own.grid.peak, own.grid.pairPeak
      )
      node.pairs = own.pairs
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
    return try applyBodies(of: plan, to: try write(plan))
  }

  func write(
    _ plan: QuantizationPlan, rounded: [NodeID: QuantizedWeight] = [:]
  ) throws(ModelError) -> Result {
    var writer = QDQWriter(
      model, try ResolvedPlan(plan, in: model.graph), rounded: rounded,
      packs: options.packsWeights && opset >= QuantizationNodes.packedOpset)
    try writer.run()
    var reasons: [String: String] = [:]
    for node in plan.nodes where node.form == .float { reasons[node.output] = node.reason ?? "" }
    let entries = facts.graph.nodeIDs.map { id -> Entry in
      let output = facts.graph[id].outputs.lazy.compactMap { $0 }.first
      return Entry(
        node: facts.graph.label(id), op: facts.graph[id].op,
        reason: output.flatMap { reasons[facts.graph[$0].name] }, name: facts.graph[id].name,
        output: output.map { facts.graph[$0].name } ?? "")
    }
    return Result(model: writer.model, entries: entries, plan: plan)
  }
}
