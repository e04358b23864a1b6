internal import IR
internal import Operators

/// Which nodes become integer and which values are quantized, found from the operators' forms and the
/// target's table in
/// one walk (quantization.md, "What ORT turns into integer kernels").
struct QuantizationScheme {
  /// A node with a weight: the slots of its operands, and how the weight is rounded.
  struct WeightedNode {
    let activation: Int, weight: Int
    let axis: Int?
    let bias: Int?
    let contraction: [Int]
    let grid: WeightGrid
    /// Whether sums are made of pairs of products.
    let pairs: Bool
  }

  /// What becomes of a node.
  enum Decision {
    /// Its weight and bias are quantized too.
    case weighted(WeightedNode)
    /// Its inputs and outputs are quantized.
    case integer
    /// It vanishes into the operator before it.
    case absorbed
    /// It stays in float.
    case float(reason: String)
  }

  var decisions: [NodeID: Decision] = [:]
  var quantized: Set<ValueID> = []
  /// Ranges known beforehand.
  private(set) var fixed: [ValueID: ClosedRange<Float>] = [:]
  /// What absorbed clamps allow.
  private(set) var clamps: [ValueID: ClosedRange<Float>] = [:]
  /// Nodes that cannot run in calibration, because they or one before them is not known; with the
  /// reason.
  private(set) var blind: [NodeID: String] = [:]
  private var sharing: UnionFind
  let facts: TypedGraph
  let target: QuantizationTarget
  /// The layers whose weights keep all bits, and the rules that then hold.
  private let full: (layers: [Glob], target: QuantizationTarget)
  /// Values that may not be quantized, with the reason.
  private var barred: [ValueID: String]

  /// - Parameter barred: values that may not be quantized, with the reason.
  init(
    _ facts: TypedGraph, _ options: QuantizationOptions, opset: Int,
    barred: [ValueID: String] = [:]
  ) {
    self.facts = facts
    self.barred = barred
    target = options.effectiveTarget
    var wide = options
    wide.weightBits = nil
    full = (options.fullWeights.map { Glob($0) }, wide.effectiveTarget)
    sharing = UnionFind(count: facts.graph.valueCount)
    let excluded = options.exclude.map { ($0, Glob($0)) }
    for id in facts.graph.nodeIDs {
      let names = facts.graph.names(of: id)
      if let reason = blindness(of: id) {
        blind[id] = reason
        decisions[id] = .float(reason: reason)
      } else if let (pattern, _) = excluded.first(where: { _, glob in
        names.contains(where: glob.matches)
      }) {
        decisions[id] = .float(reason: "excluded by '\(pattern)'")
      } else {
        decisions[id] = decide(id, perChannel: opset >= QuantizationNodes.perChannelOpset)
      }
    }
    decideAgain(perChannel: opset >= QuantizationNodes.perChannelOpset)
    leaveUnread()
  }

  /// Looks again at operators that follow their inputs: a later reader may have had one quantized, and
  /// all readers of a value share its quantizer.
  private mutating func decideAgain(perChannel: Bool) {
    var hasNew = true
    while hasNew {
      hasNew = false
      for id in facts.graph.nodeIDs {
        guard case .float(let reason)? = decisions[id], Self.unfollowed.contains(reason) else {
          continue
        }
        let decision = decide(id, perChannel: perChannel)
        if case .float = decision { continue }
        decisions[id] = decision
        hasNew = true
      }
    }
  }

  private static let unfollowed: Set = [noQuantizedInput, inputInFloat]
  private static let noQuantizedInput = "none of its inputs is quantized"
  private static let inputInFloat = "its input is not quantized"

  /// Why a node cannot run; nil when it can.
  private func blindness(of id: NodeID) -> String? {
    let node = facts.graph[id]
    if facts.op(id) == nil { return "the operator is not known" }
    if facts.bodies(id).contains(where: \.hasUnknown) {
      return "an operator inside its body is not known"
    }
    for input in node.inputs.compactMap({ $0 }) + node.captures {
      guard let producer = facts.graph[input].producer, blind[producer] != nil else { continue }
      return "its input '\(facts.graph[input].name)' cannot be computed in calibration"
    }
    return nil
  }

  /// A number that values sharing scale and zero-point have in common.
  mutating func parameterGroup(_ value: ValueID) -> Int { sharing.root(value.index) }

  private mutating func decide(_ id: NodeID, perChannel allowed: Bool) -> Decision {
    let node = facts.graph[id]
    guard let op = facts.op(id) else { return .float(reason: "the operator is not known") }
    switch target.rule(op, facts.inputs(id)) {
    case .float(let reason): return .float(reason: reason)
    case .weighted(let activation, let weight, let axis, let bias, let perChannel):
      if let reason = obstacle(id, activation: activation, weight: weight, axis: axis, bias: bias) {
        return .float(reason: reason)
      }
      let values = [node.inputs[activation]!] + node.outputs.compactMap { $0 }
      if let reason = bar(values) { return .float(reason: reason) }
      mark(values)
      let bias = bias.flatMap { (node.inputs[safe: $0] ?? nil) == nil ? nil : $0 }
      return .weighted(
        weightedNode(
          id, op, activation, weight, axis: allowed && perChannel ? axis : nil,
          bias: target.quantizesBias ? bias : nil))
    case .product(let inputs):
      let operands = inputs.compactMap { node.inputs[$0] }
      if let reason = bar(operands + node.outputs.compactMap { $0 }) {
        return .float(reason: reason)
      }
      guard (operands + node.outputs.compactMap { $0 }).allSatisfy(isFloat) else {
        return .float(reason: "its operands are not of type float")
      }
      mark(operands + node.outputs.compactMap { $0 })
      return .integer
    case .free(let inputs): return follow(id, inputs, range: nil)
    case .bounded(let inputs, _) where inputs.isEmpty:
      // ONNX Runtime's integer Softmax over one element gives 0 for 1, and it takes any Softmax
      // between integers: its result may not become such.
      let reason = "its result is constant, which integer kernels get wrong"
      for output in node.outputs.compactMap({ $0 }) { barred[output] = reason }
      return .float(reason: reason)
    case .bounded where target.needsPrecision(op):
      return .float(reason: "8 bits are too few for its input, whose differences become ratios")
    case .bounded(let inputs, let range): return follow(id, inputs, range: range)
    case .shared(let inputs): return share(id, inputs)
    case .clamp(let range): return clamp(id, range)
    }
  }

  private func weightedNode(
    _ id: NodeID, _ op: any Operator, _ activation: Int, _ weight: Int, axis: Int?, bias: Int?
  ) -> WeightedNode {
    let inputs = facts.inputs(id)
    let lengths = inputs.shape(weight)?.known ?? []
    let form = op.linear(inputs)
    let contraction = form?.contraction(rank: lengths.count) ?? []
    let names = full.layers.isEmpty ? [] : facts.graph.names(of: id)
    let isFull = full.layers.contains { names.contains(where: $0.matches) }
    let target = isFull ? full.target : target
    return WeightedNode(
      activation: activation, weight: weight, axis: axis, bias: bias, contraction: contraction,
      grid: form.map { target.grid($0, lengths) } ?? target.weights,
      pairs: form.map { target.addsPairs($0, lengths) } ?? true)
  }

  /// Why one of the values may not be quantized.
  private func bar(_ values: [ValueID]) -> String? {
    values.lazy.compactMap { barred[$0] }.first
  }

  private func isFloat(_ value: ValueID) -> Bool {
    facts.graph[value].tensorType?.elementType == .float
  }

  private mutating func mark(_ values: [ValueID]) { quantized.formUnion(values) }

  private func obstacle(
    _ id: NodeID, activation: Int, weight: Int, axis: Int, bias: Int?
  ) -> String? {
    let node = facts.graph[id]
    guard let data = node.inputs[safe: activation] ?? nil, isFloat(data),
      facts.graph.constant(data) == nil
    else { return "its input is constant or not of type float" }
    guard let value = node.inputs[safe: weight] ?? nil, let tensor = facts.graph.constant(value),
      tensor.elementType == .float, tensor.dimensions.indices.contains(axis), tensor.count > 0
    else {
      if let value = node.inputs[safe: weight] ?? nil, facts.graph[value].initializer != nil,
        facts.graph.isInput(value)
      {
        return "its weight is an input too, so that a run may bring another"
      }
      return "its weight is not a constant of type float"
    }
    guard let bias, let value = node.inputs[safe: bias] ?? nil else { return nil }
    let channels = tensor.dimensions[axis]
    guard let constant = facts.graph.constant(value), constant.elementType == .float,
      constant.count == channels || constant.count == 1,
      constant.dimensions.isEmpty || constant.dimensions.last == constant.count
    else { return "its bias is not a constant with one number a channel" }
    return nil
  }

  /// Operators that pay in integers only next to others that are: at least one input is quantized.
  private mutating func follow(
    _ id: NodeID, _ inputs: [Int], range: ClosedRange<Float>?
  ) -> Decision {
    let node = facts.graph[id]
    let operands = inputs.compactMap { node.inputs[safe: $0] ?? nil }
    let outputs = node.outputs.compactMap { $0 }
    guard operands.contains(where: quantized.contains) else {
      return .float(reason: Self.noQuantizedInput)
    }
    guard (operands + outputs).allSatisfy(isFloat) else {
      return .float(reason: "its operands are not of type float")
    }
    if outputs.contains(where: facts.graph.isOutput) {
      return .float(reason: "its result is a graph output")
    }
    if let reason = bar(operands + outputs) { return .float(reason: reason) }
    mark(operands + outputs)
    if let range { for output in outputs { fixed[output] = range } }
    return .integer
  }

  private mutating func share(_ id: NodeID, _ inputs: [Int]) -> Decision {
    let node = facts.graph[id]
    guard let source = inputs.first.flatMap({ node.inputs[safe: $0] ?? nil }),
      quantized.contains(source)
    else { return .float(reason: Self.inputInFloat) }
    let outputs = node.outputs.compactMap { $0 }
    guard outputs.allSatisfy(isFloat) else {
      return .float(reason: "its result is not of type float")
    }
    if outputs.contains(where: facts.graph.isOutput) {
      return .float(reason: "its result is a graph output")
    }
    if let reason = bar(outputs) { return .float(reason: reason) }
    for output in outputs { sharing.unite(source.index, output.index) }
    mark(outputs)
    return .integer
  }

  /// A clamp after an integer operator goes when nothing else reads what it clamps: the range of
  /// its own output then does the clamping.
  private mutating func clamp(_ id: NodeID, _ range: ClosedRange<Float>) -> Decision {
    let node = facts.graph[id]
    guard let source = node.inputs[0], let result = node.outputs[0], quantized.contains(source)
    else {
      return .float(reason: Self.inputInFloat)
    }
    guard let producer = facts.graph[source].producer, let before = decisions[producer],
      facts.graph.onlyConsumer(of: source) == id
    else { return .float(reason: "other nodes read '\(facts.graph[source].name)' too") }
    if let reason = bar([result]) { return .float(reason: reason) }
    switch before {
    case .weighted, .integer:
      guard sharing.root(source.index) == source.index, !isShared(source) else {
        return .float(reason: "the operator before it shares its parameters")
      }
      quantized.remove(source)
      mark([result])
      clamps[result] = range
      return .absorbed
    case .absorbed, .float: return .float(reason: "the operator before it is not integer")
    }
  }

  /// Whether the producer only passes its input's parameters on.
  private func isShared(_ value: ValueID) -> Bool {
    guard let producer = facts.graph[value].producer, let op = facts.op(producer) else {
      return false
    }
    if case .shared = op.quantization(facts.inputs(producer)) { return true }
    return false
  }
}

extension LinearForm {
  /// The axes of a weight that are summed over: kernel positions first, and within one the channels,
  /// as kernels add them up.
  func contraction(rank: Int) -> [Int] {
    guard let inner = weightInput else { return [] }
    return (0..<rank).filter { $0 != weightOutput && $0 != inner && $0 >= stackAxes } + [inner]
  }
}

extension Graph {
  /// What is to be said of patterns that name no node.
  func notes(unmatched patterns: [String]) -> [String] {
    patterns.filter { pattern in
      let glob = Glob(pattern)
      return !nodeIDs.contains { names(of: $0).contains(where: glob.matches) }
    }.map { "'\($0)' fits nothing that could be changed" }
  }

  /// Everything a pattern may name a node by: name, operator, outputs.
  func names(of id: NodeID) -> [String] {
    let node = self[id]
    return [node.name ?? "", node.type] + node.outputs.compactMap { $0.map { self[$0].name } }
  }
}
