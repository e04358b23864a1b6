package import IR
package import Operators

/// One walk backwards over a graph, which appends the nodes that compute derivatives: reverse-mode
/// differentiation. Only paths from the wanted values to the loss are followed.
package struct Differentiation {
  /// A node that the walk could not pass.
  package struct Obstacle: Hashable, Sendable {
    /// How messages name the node.
    package let node: String
    package let reason: String
  }

  /// The graph with the derivatives in it; where operators of the inner domain were used, the model
  /// imports it.
  package private(set) var model: Model
  /// The cotangent of each wanted value; values that the loss does not depend on have none, and
  /// neither have those of which a part would be missing.
  package private(set) var cotangents: [ValueID: ValueID] = [:]
  /// Nodes on the way that have no derivative, in order of execution.
  package private(set) var obstacles: [Obstacle] = []
  /// Wanted values that reach the loss through an obstacle.
  package private(set) var blocked: Set<ValueID> = []

  private let typed: TypedGraph
  private let builder: GraphBuilder
  private var terms: [ValueID: [Term]] = [:]
  /// Values that change with a wanted one.
  private var varying: Set<ValueID>

  /// Differentiates.
  ///
  /// - Parameters:
  ///   - seeds: makes the cotangents that the walk starts with.
  ///   - wanted: the values to differentiate by.
  ///   - isPortable: whether standard operators are to be used where they suffice.
  package init(
    _ model: Model, by wanted: [ValueID], isPortable: Bool = false,
    seeds: (GraphBuilder, TypedGraph) throws(ModelError) -> [(ValueID, Term)]
  ) throws(ModelError) {
    guard let opset = model.opset() else {
      throw ModelError(.invalid, "expected a model that imports ONNX's operators, found none")
    }
    guard opset >= 9 else {
      throw ModelError(
        .unsupported, "gradients: expected a model of opset 9 or later, found \(opset)")
    }
    self.model = model
    typed = try inferTypes(model)
    builder = GraphBuilder(model.graph, opset: opset, isPortable: isPortable)
    varying = Set(wanted)
    for id in typed.graph.nodeIDs { follow(id) }
    for (value, term) in try seeds(builder, typed) { terms[value, default: []].append(term) }
    var barred: [NodeID] = []
    for id in typed.graph.nodeIDs.reversed() where try !passes(id) { barred.append(id) }
    obstacles.reverse()
    block(behind: barred, wanted)
    for value in wanted where !blocked.contains(value) { cotangents[value] = total(value)?.id }
    self.model.graph = builder.graph
    if builder.usesInner { self.model.importInner() }
  }

  private func isFloat(_ value: ValueID) -> Bool {
    let type = typed.graph[value].tensorType?.elementType ?? .undefined
    return type.isFloatingPoint || type == .undefined
  }

  /// Marks what a node computes from values that change.
  private mutating func follow(_ id: NodeID) {
    let node = typed.graph[id]
    guard (node.inputs.compactMap { $0 } + node.captures).contains(where: varying.contains) else {
      return
    }
    if case .zero? = typed.op(id)?.gradient { return }
    for (slot, output) in node.outputs.enumerated() {
      guard let output, isFloat(output) || standsForNumbers(id, slot) else { continue }
      varying.insert(output)
    }
  }

  /// Whether an output holds integers that stand for numbers: made by a quantizer, and moved since at
  /// most. Their cotangents are floats.
  private func standsForNumbers(_ id: NodeID, _ slot: Int) -> Bool {
    guard let op = typed.op(id) else { return false }
    if type(of: op).traits.quantizedOutputs.contains(slot) { return true }
    guard case .shared(let moved) = op.quantization(typed.inputs(id)) else { return false }
    return moved.contains { slot in
      (typed.graph[id].inputs[safe: slot] ?? nil).map { varying.contains($0) } ?? false
    }
  }

  /// The sum of what came back to a value, the first from the last reader.
  private mutating func total(_ value: ValueID) -> Term? {
    guard let parts = terms[value], let first = parts.first else { return nil }
    let sum = parts.dropFirst().reduce(first) { $0 + $1 }
    let known = typed.graph[value].tensorType ?? sum.type
    let element = isFloat(value) ? known.elementType : sum.type.elementType
    let result = sum.typed(as: TensorType(element, known.shape))
    terms[value] = [result]
    return result
  }

  /// Carries cotangents from a node's outputs to its inputs; false where that cannot be done.
  private mutating func passes(_ id: NodeID) throws(ModelError) -> Bool {
    let node = typed.graph[id]
    let operands = node.inputs.compactMap { $0 } + node.captures
    guard node.outputs.contains(where: { $0.map { terms[$0] != nil } ?? false }),
      operands.contains(where: varying.contains)
    else { return true }
    let label = typed.graph.label(id)
    guard let op = typed.op(id) else {
      obstacles.append(Obstacle(node: label, reason: "its operator is not known"))
      return false
    }
    switch op.gradient {
    case .zero: return true
    case .none(let reason):
      obstacles.append(Obstacle(node: label, reason: reason))
      return false
    case .rule(let rule):
      var given: [Term?] = []
      for output in node.outputs { given.append(output.flatMap { total($0) }) }
      let call = GradientCall(
        builder: builder, label: label, node: node, facts: typed.inputs(id),
        types: typed.outputs(id), cotangents: given)
      let found: [Term?]
      do {
        found = try rule(call)
      } catch {
        guard error.code == .unsupported else { throw error }
        obstacles.append(Obstacle(node: label, reason: error.message))
        return false
      }
      for (slot, term) in found.enumerated() {
        guard let term, let value = node.inputs[safe: slot] ?? nil, varying.contains(value) else {
          continue
        }
        terms[value, default: []].append(term)
      }
      return true
    }
  }

  /// Finds the wanted values from which a path leads through nodes that could not be passed.
  private mutating func block(behind nodes: [NodeID], _ wanted: [ValueID]) {
    var pending = nodes
    var seen = Set(nodes)
    var values: Set<ValueID> = []
    while let id = pending.popLast() {
      let node = typed.graph[id]
      for value in node.inputs.compactMap({ $0 }) + node.captures where varying.contains(value) {
        values.insert(value)
        if let producer = typed.graph[value].producer, seen.insert(producer).inserted {
          pending.append(producer)
        }
      }
    }
    blocked = values.intersection(wanted)
  }
}

extension Model {
  /// Imports the inner domain of gradients.
  package mutating func importInner() {
    guard opset(of: Inner.domain) == nil else { return }
    opsetImports.append(OpsetImport(domain: Inner.domain, version: Inner.version))
  }
}
