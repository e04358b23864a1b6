internal import IR
internal import Operators

/// What of a model in QDQ form can learn, and what belongs together.
struct QuantizerSurvey: Sendable {
  /// A bias in 32 bits, whose scale is that of the data times that of the weight.
  struct Bias: Sendable {
    /// The node that dequantizes it.
    let node: NodeID
    let data: ValueID
    let scale: ValueID
    /// The scale of the data, with the type of its integers.
    let activation: ValueID
    let type: ElementType
    /// The weight's place among the stored ones.
    let weight: Int
  }

  private(set) var weights: [StoredIntegers] = []
  private(set) var biases: [Bias] = []
  /// Nodes that quantize, or dequantize, with each scale.
  private(set) var users: [ValueID: [NodeID]] = [:]
  /// Scales that stay as they are.
  private(set) var fixed: Set<ValueID> = []
  /// How much larger scales may become, where what is clamped may not leave its range.
  private(set) var ceilings: [ValueID: Double] = [:]
  /// Integers that stay as they are, with the reason.
  private(set) var left: [String] = []
  private var ties: UnionFind
  let graph: Graph
  private let typed: TypedGraph

  init(_ model: Model) throws(ModelError) {
    typed = try inferTypes(model)
    graph = model.graph
    ties = UnionFind(count: graph.valueCount)
    for id in graph.nodeIDs { note(id) }
    for id in graph.nodeIDs { follow(id) }
    for scale in users.keys where !isOwn(scale) { fixed.insert(scale) }
  }

  /// Whether there is a quantizer at all.
  var isEmpty: Bool { users.isEmpty }

  /// Sets of scales that learn as one, in order, each with those that are equal to the first.
  var classes: [[ValueID]] {
    var ties = ties
    let groups = Dictionary(grouping: users.keys.sorted()) { ties.root($0.index) }
    return groups.values.filter { $0.allSatisfy { !fixed.contains($0) } }.sorted { $0[0] < $1[0] }
  }

  /// Whether only one node reads a scale, so that it can change alone.
  func isAlone(_ scale: ValueID) -> Bool {
    var ties = ties
    let root = ties.root(scale.index)
    return graph[scale].uses.count == 1 && users.keys.count { ties.root($0.index) == root } == 1
  }

  private func quantizer(_ id: NodeID?) -> (any LinearQuantization)? {
    id.flatMap { typed.op($0) } as? any LinearQuantization
  }

  private func operand(_ id: NodeID, _ slot: Int) -> ValueID? {
    graph[id].inputs[safe: slot] ?? nil
  }

  /// The node before a value that dequantizes it.
  private func dequantizer(_ value: ValueID?) -> NodeID? {
    guard let id = value.flatMap({ graph[$0].producer }), let op = quantizer(id),
      !type(of: op).quantizes
    else { return nil }
    return id
  }

  /// The positive scales of an initializer.
  private func isScale(_ value: ValueID) -> Bool {
    guard graph[value].initializer != nil, let tensor = graph.constant(value),
      tensor.elementType == .float, let numbers = tensor.floats
    else { return false }
    return !numbers.isEmpty && numbers.allSatisfy { $0.isFinite && $0 > 0 }
  }

  /// Takes in a quantizer with scales of its own, and the weight behind it.
  private mutating func note(_ id: NodeID) {
    guard let op = quantizer(id), let data = operand(id, 0), let scale = operand(id, 1) else {
      return
    }
    let stored = type(of: op).quantizes ? nil : graph[data].initializer
    guard op.settings.blockSize == 0, isScale(scale),
      typed.outputs(id).first?.elementType == .float || type(of: op).quantizes
    else {
      if stored != nil {
        left.append("\(graph.label(id)): scales of blocks, or no positive floats")
      }
      if isScale(scale) { fixed.insert(scale) }
      return
    }
    guard let stored else {
      users[scale, default: []].append(id)
      return
    }
    guard stored.elementType != .int32 else { return }
    users[scale, default: []].append(id)
    let axis = stored.dimensions.isEmpty ? nil : axis(id, op, scale)
    let operands = (data: data, scale: scale, zeroPoint: operand(id, 2))
    guard graph[data].uses.count == 1,
      let weight = StoredIntegers(id, operands, axis: axis, graph)
    else {
      left.append("\(graph.label(id)): several nodes read its integers, or they are packed")
      return
    }
    weights.append(weight)
  }

  /// The axis of a weight's scales; nil for one scale.
  private func axis(_ id: NodeID, _ op: any LinearQuantization, _ scale: ValueID) -> Int? {
    guard let tensor = graph.constant(scale), tensor.count > 1,
      let rank = typed.inputs(id).shape(0)?.rank
    else { return nil }
    let axis = op.settings.axis
    return axis < 0 ? axis + rank : axis
  }

  /// Takes in what a node asks of the scales around it.
  private mutating func follow(_ id: NodeID) {
    guard let op = typed.op(id), quantizer(id) == nil else { return }
    let inputs = typed.inputs(id)
    if let form = op.linear(inputs) { join(id, form) }
    let after = graph[id].outputs.compactMap { $0 }.flatMap { graph[$0].uses }.compactMap {
      use -> NodeID? in
      guard case .input(let node, 0) = use, quantizer(node) != nil else { return nil }
      return node
    }
    switch op.quantization(inputs) {
    case .bounded:
      // Its range is known, and some runtimes ask for the scale that follows from it.
      for node in after { operand(node, 1).map { _ = fixed.insert($0) } }
    case .clamp(let range):
      for node in after { limit(node, range) }
    case .shared, .free:
      let before = graph[id].inputs.compactMap { dequantizer($0) }
      tie(before + after)
    default: break
    }
  }

  /// Scales that are equal around a node stay so.
  private mutating func tie(_ nodes: [NodeID]) {
    var first: [[Float]: ValueID] = [:]
    for node in nodes {
      guard let scale = operand(node, 1), let numbers = graph.constant(scale)?.floats else {
        continue
      }
      if let known = first[numbers] {
        ties.unite(known.index, scale.index)
      } else {
        first[numbers] = scale
      }
    }
  }

  /// Runtimes leave a clamp out whose range holds that of the integers behind it.
  private mutating func limit(_ node: NodeID, _ range: ClosedRange<Float>) {
    guard let scale = operand(node, 1), let step = graph.constant(scale)?.floats?.first,
      let grid = typed.outputs(node).first.map({ ActivationGrid($0.elementType).bounds })
    else { return }
    let zero = operand(node, 2).flatMap { graph.constant($0)?.integers?.first } ?? 0
    for (bound, integer) in [
      (range.upperBound, grid.upperBound), (range.lowerBound, grid.lowerBound),
    ] {
      let reached = Double(integer - zero) * Double(step)
      guard reached != 0, bound.isFinite, abs(reached) <= abs(Double(bound)) else { continue }
      ceilings[scale] = min(ceilings[scale] ?? .infinity, abs(Double(bound)) / abs(reached))
    }
  }

  /// Takes in the weight and the bias of a node that is linear.
  private mutating func join(_ id: NodeID, _ form: LinearForm) {
    let source = dequantizer(operand(id, form.activation))
    let other = dequantizer(operand(id, form.weight))
    let weight = other.flatMap { node in weights.firstIndex { $0.node == node } }
    if let weight, form.weightInput != nil { mark(weight, form) }
    guard let slot = form.bias?.slot, let bias = dequantizer(operand(id, slot)),
      let data = operand(bias, 0), let scale = operand(bias, 1), let result = operand(id, slot),
      graph[data].initializer?.elementType == .int32
    else { return }
    let activation = source.flatMap { operand($0, 1) }
    guard let source, let activation, let weight, users[activation] != nil,
      graph.constant(activation)?.count == 1, graph[data].uses.count == 1,
      graph[scale].uses.count == 1, graph[result].uses.count == 1
    else {
      // Its scale could not follow.
      left.append("\(graph.label(bias)): its scale is not that of its node alone")
      for value in [activation, other.flatMap { operand($0, 1) }] {
        if let value { fixed.insert(value) }
      }
      return
    }
    biases.append(
      Bias(
        node: bias, data: data, scale: scale, activation: activation,
        type: typed.inputs(source).elementType(0), weight: weight))
  }

  /// A weight none of whose pairs of products saturates stays one.
  private mutating func mark(_ index: Int, _ form: LinearForm) {
    let weight = weights[index]
    guard weight.type == .int8, weight.zeroPoints.allSatisfy({ $0 == 0 }),
      weight.bounds.upperBound * 2 > StoredIntegers.pairPeak,
      QuantizationTarget.ortX86.addsPairs(form, weight.shape)
    else { return }
    let contraction = form.contraction(rank: weight.shape.count)
    let rows = WeightRows(weight.shape, axis: weight.axis, contraction: contraction)
    let integers = weight.integers.map { Int8(clamping: $0) }
    guard !rows.exceeds(integers, StoredIntegers.pairPeak) else { return }
    weights[index].contraction = contraction
  }

  /// Whether quantizers alone read a scale.
  private func isOwn(_ scale: ValueID) -> Bool {
    graph[scale].uses.allSatisfy { use in
      guard case .input(let node, 1) = use else { return false }
      return users[scale]?.contains(node) ?? false
    }
  }
}

extension QuantizerSurvey {
  /// The numbers that a bias stands for.
  func numbers(_ bias: Bias) -> [Float] {
    guard let integers = graph.constant(bias.data)?.integers,
      let scales = graph.constant(bias.scale)?.floats, !scales.isEmpty
    else { return [] }
    return integers.enumerated().map { index, integer in
      Float(Double(integer) * Double(scales.count == 1 ? scales[0] : scales[index]))
    }
  }
}
