public import IR
internal import Operators

/// Says of a quantized model, whoever made it, which operators a runtime will compute in integers, and
/// which of the runtime's rules each other one breaks.
public struct IntegerLint: Sendable {
  /// What was found of one node.
  public struct Finding: Hashable, Sendable {
    /// Operator and name.
    public var node: String
    /// The operator.
    public var op: OperatorName
    /// The first output.
    public var output: String
    /// The rule that is broken; nil for a node that is computed in integers.
    public var rule: String?
  }

  /// Every operator that is not a part of the quantization itself, in order.
  public let findings: [Finding]

  private let facts: TypedGraph
  private let target: QuantizationTarget
  private let opset: Int

  /// Looks at all nodes of a model's graph, then at those of the bodies that they run.
  public init(
    _ model: Model, for profile: QuantizationOptions.Profile
  ) throws(ModelError) {
    let facts = try inferTypes(model)
    self.facts = facts
    target = profile.target
    opset = model.opset() ?? 0
    let lint = Rules(facts: facts, target: target, opset: opset)
    var found: [Finding] = facts.graph.nodeIDs.compactMap { id in
      guard lint.isLooked(at: id) else { return nil }
      return Finding(
        node: facts.graph.label(id), op: facts.graph[id].op,
        output: facts.graph[id].outputs.lazy.compactMap { $0 }.first.map { facts.graph[$0].name }
          ?? "", rule: lint.broken(id))
    }
    for outline in BodyOutline.all(facts, in: model) {
      found += try IntegerLint(outline.model, for: profile).findings
    }
    findings = found
  }
}

/// The rules, for one graph and one runtime.
private struct Rules {
  let facts: TypedGraph
  let target: QuantizationTarget
  let opset: Int
  private var graph: Graph { facts.graph }

  init(facts: TypedGraph, target: QuantizationTarget, opset: Int) {
    (self.facts, self.target, self.opset) = (facts, target, opset)
  }

  /// How integers stand for a value.
  struct Parameters {
    let node: NodeID
    let integers: ValueID
    let type: ElementType
    let rank: Int
    let scales: [Float]?
    let zeroPoints: [Int]?
    let axis: Int
  }

  private func linear(_ id: NodeID) -> (any LinearQuantization)? {
    facts.op(id) as? any LinearQuantization
  }

  /// Whether a node computes something of the model: not what rounds, and nothing made of constants.
  func isLooked(at id: NodeID) -> Bool {
    if linear(id) != nil { return false }
    let inputs = graph[id].inputs.compactMap { $0 }
    return !inputs.isEmpty && !inputs.allSatisfy { facts.graph.constant($0) != nil }
  }

  /// The rule that keeps a node from integers; nil where none does.
  func broken(_ id: NodeID) -> String? {
    guard let op = facts.op(id) else { return "the operator is not known" }
    if !type(of: op).traits.quantizedInputs.isEmpty { return nil }
    let inputs = facts.inputs(id)
    switch target.rule(op, inputs) {
    case .float(let reason): return reason
    case .weighted(let activation, let weight, let axis, let bias, let perChannel):
      return weighted(id, op, activation, weight, axis, bias, perChannel: perChannel)
    case .product(let slots):
      return activations(id, slots) ?? result(id)
    case .free(let slots), .bounded(let slots, _):
      return activations(id, slots) ?? oneType(id, slots) ?? result(id)
    case .shared(let slots):
      guard let slot = slots.first else { return nil }
      return activations(id, [slot]) ?? sameScale(id, slot)
    case .clamp: return clamp(id)
    }
  }

  private func name(_ value: ValueID) -> String { "'\(graph[value].name)'" }

  /// What makes numbers of integers for an input; nil where nothing does.
  private func dequantized(_ value: ValueID?) -> Parameters? {
    guard let value, let node = graph[value].producer, let op = linear(node),
      !type(of: op).quantizes
    else { return nil }
    return parameters(node, op)
  }

  private func parameters(_ node: NodeID, _ op: any LinearQuantization) -> Parameters? {
    let slots = graph[node].inputs
    guard let integers = slots[0], let scale = slots[safe: 1] ?? nil else { return nil }
    let data = type(of: op).quantizes ? graph[node].outputs[0] : integers
    let constant = graph.constant(scale)
    return Parameters(
      node: node, integers: integers,
      type: data.flatMap { graph[$0].tensorType?.elementType } ?? .undefined,
      rank: facts.inputs(node).rank(1) ?? constant?.dimensions.count ?? 0,
      scales: constant?.floats,
      zeroPoints: (slots[safe: 2] ?? nil).map { graph.constant($0)?.integers } ?? [0],
      axis: op.settings.axis)
  }

  private func activations(_ id: NodeID, _ slots: [Int]) -> String? {
    for slot in slots {
      guard let value = graph[id].inputs[safe: slot] ?? nil else { continue }
      guard let own = dequantized(value) else {
        return "its input \(name(value)) is a float: no DequantizeLinear makes it"
      }
      guard own.scales != nil, own.zeroPoints != nil else {
        return "scale or zero-point of its input \(name(value)) is not constant"
      }
      guard own.rank == 0 || own.scales?.count == 1 && own.rank <= 1 else {
        return "the scale of its input \(name(value)) has rank \(own.rank), expected 0"
      }
      let types = [target.activations.type] + (target.wideActivations.map { [$0.type] } ?? [])
      guard types.contains(own.type) || facts.unpackedConstant(own.integers) != nil else {
        let expected = types.map { "\($0)" }.joined(separator: " or ")
        return "its input \(name(value)) is \(own.type), expected \(expected)"
      }
      if target.activations.isSymmetric, own.zeroPoints?.contains(where: { $0 != 0 }) ?? false {
        return "the zero-point of its input \(name(value)) is not 0"
      }
    }
    return nil
  }

  private func weighted(
    _ id: NodeID, _ op: any Operator, _ activation: Int, _ weight: Int, _ axis: Int, _ bias: Int?,
    perChannel: Bool
  ) -> String? {
    if let reason = activations(id, [activation]) { return reason }
    let slots = graph[id].inputs
    guard let value = slots[safe: weight] ?? nil, let own = dequantized(value),
      let scales = own.scales
    else { return "its weight is a float: no DequantizeLinear with a constant scale makes it" }
    if facts.unpackedConstant(own.integers) == nil {
      // Two activations: the right one has the activations' type.
      return activations(id, [weight]) ?? result(id, of: op)
    }
    guard own.type == .int8 || own.type == .uint8 else {
      return "its weight is \(own.type), expected 8 bits"
    }
    let lengths = facts.inputs(id).shape(weight)?.known ?? []
    if scales.count > 1 {
      guard perChannel else { return "its weight has \(scales.count) scales, expected one" }
      guard opset >= QuantizationNodes.perChannelOpset else {
        return "scales per channel need operator set 13, the model has \(opset)"
      }
      let place = own.axis < 0 ? own.axis + lengths.count : own.axis
      guard place == axis else {
        return "its weight has scales along axis \(place), expected \(axis)"
      }
    }
    if own.zeroPoints?.contains(where: { $0 != 0 }) ?? true, own.type == .int8 {
      return "the zero-point of its weight is not 0"
    }
    if let reason = biased(id, bias, activation, scales) { return reason }
    return result(id, of: op)
  }

  private func biased(_ id: NodeID, _ slot: Int?, _ activation: Int, _ scales: [Float]) -> String? {
    guard let slot, let bias = graph[id].inputs[safe: slot] ?? nil else { return nil }
    guard let own = dequantized(bias) else {
      return target.quantizesBias ? "its bias is a float, expected int32" : nil
    }
    guard target.quantizesBias else { return "its bias is \(own.type), expected a float" }
    guard own.type == .int32 else { return "its bias is \(own.type), expected int32" }
    guard let x = dequantized(graph[id].inputs[activation])?.scales?.first, let found = own.scales
    else { return "the scale of its bias is not constant" }
    for index in 0..<max(scales.count, found.count) {
      let wanted = x * scales[scales.count == 1 ? 0 : index % scales.count]
      let scale = found[found.count == 1 ? 0 : index % found.count]
      guard abs(scale - wanted) <= 0.015 * wanted else {
        return "its bias has scale \(scale) in channel \(index), expected \(wanted)"
      }
    }
    return nil
  }

  /// All operands and the result in one type.
  private func oneType(_ id: NodeID, _ slots: [Int]) -> String? {
    let types = slots.compactMap { graph[id].inputs[safe: $0] ?? nil }
      .compactMap { dequantized($0)?.type }
    guard let first = types.first, let other = types.first(where: { $0 != first }) else {
      return nil
    }
    return "its inputs are \(first) and \(other), expected one type"
  }

  /// What keeps the result from being rounded in the operator.
  private func result(_ id: NodeID, of op: (any Operator)? = nil) -> String? {
    if let op, target.leavesResult(op, isClamped: isClamped(id)) { return nil }
    for value in graph[id].outputs.compactMap({ $0 }) {
      if let reason = rounded(value) { return reason }
    }
    return nil
  }

  /// Whether a clamp alone reads the result.
  private func isClamped(_ id: NodeID) -> Bool {
    guard let value = graph[id].outputs.first ?? nil, let reader = graph.onlyConsumer(of: value),
      let op = facts.op(reader), case .clamp = target.rule(op, facts.inputs(reader))
    else { return false }
    return true
  }

  private func rounded(_ value: ValueID) -> String? {
    if graph.isOutput(value) { return "its result \(name(value)) is a graph output" }
    let uses = graph[value].uses.compactMap(\.node)
    guard let reader = uses.first else { return nil }
    guard Set(uses).count == 1 else {
      return
        "its result \(name(value)) has \(Set(uses).count) readers, expected one QuantizeLinear that all share"
    }
    if let op = linear(reader), type(of: op).quantizes { return nil }
    if let op = facts.op(reader), case .clamp = target.rule(op, facts.inputs(reader)),
      let after = graph[reader].outputs[0]
    {
      return rounded(after)
    }
    return "its result \(name(value)) is read by \(graph.label(reader)), expected QuantizeLinear"
  }

  private func sameScale(_ id: NodeID, _ slot: Int) -> String? {
    guard let before = dequantized(graph[id].inputs[slot]) else { return nil }
    for value in graph[id].outputs.compactMap({ $0 }) {
      if let reason = rounded(value) { return reason }
      guard let reader = graph[value].uses.compactMap(\.node).first, let op = linear(reader),
        let after = parameters(reader, op)
      else { continue }
      guard before.scales == after.scales, before.zeroPoints == after.zeroPoints,
        before.type == after.type
      else { return "its result \(name(value)) has another scale or zero-point than its input" }
    }
    return nil
  }

  /// A clamp goes into the operator before it where that and the range allow it.
  private func clamp(_ id: NodeID) -> String? {
    guard let source = graph[id].inputs[0], let producer = graph[source].producer else {
      return "no operator before it takes the clamp in"
    }
    if linear(producer) != nil {
      return "it stands by itself between integers: no operator before it takes the clamp in"
    }
    if Set(graph[source].uses.compactMap(\.node)).count > 1 {
      return "others read its input \(name(source)) too"
    }
    if let reason = broken(producer) {
      return "\(graph.label(producer)) before it is not integer: \(reason)"
    }
    return graph[id].outputs[0].flatMap { rounded($0) }
  }
}
