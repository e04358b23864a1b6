internal import IR
internal import Operators

/// A weight that is multiplied with activations, summing over one of its axes.
struct ContractedWeight {
  /// The activation on the other side of a product.
  struct Reading: Hashable {
    let value: ValueID
    let axis: Int
  }

  let value: ValueID
  let name: String
  let tensor: Tensor
  /// The axis that is summed over.
  let axis: Int
  /// Equal runs of rows, along axis 0, each of which sums over channels of its own.
  let groups: Int
  /// The nodes that read it.
  let readers: [NodeID]
  /// What it is multiplied with, one for each reader of which that is known.
  let readings: [Reading]

  /// The number of channels that it is multiplied with.
  var channels: Int { groups * tensor.dimensions[axis] }
}

/// Finds the weights that can be made sparse.
struct ContractedWeights {
  /// In the order of the graph.
  private(set) var weights: [ContractedWeight] = []
  /// Weights that a product sums over and that stay as they are, with the reason.
  private(set) var left: [(name: String, reason: String)] = []

  private struct Use {
    let node: NodeID
    let axis: Int
    let groups: Int
    let reading: ContractedWeight.Reading?
  }

  init(_ facts: TypedGraph, keep: [String]) {
    let graph = facts.graph
    var order: [ValueID] = []
    var uses: [ValueID: [Use]] = [:]
    for id in graph.nodeIDs {
      guard let op = facts.op(id) else { continue }
      let rule = op.channels(facts.inputs(id), facts.outputs(id))
      for case .consumes(let axis) in rule.relations {
        guard case .input(let slot) = axis.port, let value = graph[id].inputs[safe: slot] ?? nil,
          graph[value].initializer != nil
        else { continue }
        if uses[value] == nil { order.append(value) }
        uses[value, default: []].append(Self.use(facts, id, op, axis))
      }
    }
    let globs = keep.map { (pattern: $0, glob: Glob($0)) }
    for value in order {
      guard let tensor = graph[value].initializer, let uses = uses[value], let first = uses.first
      else { continue }
      let name = graph[value].name
      var reason = Self.obstacle(value, tensor, uses.map(\.axis), facts)
      let names = uses.flatMap { use in
        [name, graph[use.node].name ?? "", graph[use.node].type]
          + graph[use.node].outputs.compactMap { $0.map { graph[$0].name } }
      }
      if let pattern = globs.first(where: { names.contains(where: $0.glob.matches) })?.pattern {
        reason = "kept as asked by '\(pattern)'"
      }
      if let reason {
        left.append((name, reason))
        continue
      }
      weights.append(
        ContractedWeight(
          value: value, name: name, tensor: tensor, axis: first.axis, groups: first.groups,
          readers: uses.map(\.node), readings: uses.compactMap(\.reading)))
    }
  }

  /// What a node multiplies its weight with: its linear form says so, and where it has none (recurrent
  /// layers, products by equations) its channel rule.
  private static func use(
    _ facts: TypedGraph, _ id: NodeID, _ op: any Operator, _ axis: Axis
  ) -> Use {
    let inputs = facts.inputs(id)
    if let form = op.linear(inputs), axis.port == .input(form.weight) {
      let isWeight = facts.hasWeight(id, .input(form.activation))
      let value = isWeight ? nil : facts.graph[id].inputs[safe: form.activation] ?? nil
      let place = inputs.rank(form.activation).flatMap {
        LinearForm.place(form.activationAxis, rank: $0)
      }
      return Use(
        node: id, axis: axis.axis, groups: form.kind == .convolution ? form.groups : 1,
        reading: value.flatMap { value in place.map { .init(value: value, axis: $0) } })
    }
    guard let other = facts.activation(id, of: axis), case .input(let slot) = other.port,
      let value = facts.graph[id].inputs[safe: slot] ?? nil
    else { return Use(node: id, axis: axis.axis, groups: 1, reading: nil) }
    return Use(
      node: id, axis: axis.axis, groups: 1, reading: .init(value: value, axis: other.axis))
  }

  /// Why a weight stays as it is; nil when it can become sparse.
  private static func obstacle(
    _ value: ValueID, _ tensor: Tensor, _ axes: [Int], _ facts: TypedGraph
  ) -> String? {
    let graph = facts.graph
    guard tensor.elementType.isFloatingPoint, tensor.floats != nil else {
      return "its elements are \(tensor.elementType)"
    }
    if graph.isOutput(value) { return "it is an output of the graph" }
    if graph.isCaptured(value) { return "the body of a node reads it" }
    for use in graph[value].uses {
      guard let node = use.node, case .input(_, let slot) = use, let op = facts.op(node) else {
        return "something else reads it"
      }
      let rule = op.channels(facts.inputs(node), facts.outputs(node))
      let isSummed = rule.relations.contains {
        if case .consumes(let axis) = $0 { axis.port == .input(slot) } else { false }
      }
      guard isSummed else { return "\(graph.label(node)) reads it too" }
    }
    return Set(axes).count > 1 ? "products sum over different axes of it" : nil
  }
}
