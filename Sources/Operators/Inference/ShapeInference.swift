package import IR

/// Finds the type of every value and the operator of every node of a model's main graph, and of
/// the bodies that its nodes run.
///
/// Values of small integer tensors are followed as expressions, so that shapes computed in the
/// graph (Shape, Gather, Concat, Reshape) are found too. Linear in the number of nodes.
///
/// - Parameters:
///   - binding: lengths for symbolic dimensions of the inputs.
///   - declared: what declared shapes count for.
///   - relations: collects what must hold between lengths, up to an error too.
/// - Throws: `ModelError` when a node breaks its operator's rules, or when an inferred type
///   contradicts a declared one that counts; it names both.
package func inferTypes(
  _ model: Model, binding: [String: Int] = [:], declared: DeclaredShapes = .advisory,
  relations: LengthRelations? = nil
) throws(ModelError) -> TypedGraph {
  var inference = Inference(
    graph: model.graph, scope: OperatorScope(model), binding: binding, outer: [:],
    budget: InferenceBudget(declared: declared, relations: relations))
  return try inference.run()
}

struct Inference {
  let scope: OperatorScope
  var graph: Graph
  var operators: [(any Operator)?]
  var data: [[Dimension]?]
  var constants: [Tensor?]
  var declared: [ValueType?]
  var unknown: [NodeID] = []
  var bodies: [NodeID: [TypedGraph]] = [:]
  /// Types of values whose declared shapes contradict them.
  var stale: [ValueID: ValueType] = [:]
  let binding: [String: Int]
  let budget: InferenceBudget
  /// Whether this is a body that never runs, such as the branch that a known condition does not
  /// take: where shapes do not fit there, the types of results are open.
  let neverRuns: Bool

  /// Integer tensors with more elements than this are no shapes and are not followed.
  private static let followed = 4096

  /// - Parameter outer: what is known about values of enclosing graphs, by name.
  init(
    graph: Graph, scope: OperatorScope, binding: [String: Int], outer: [String: Operand],
    budget: InferenceBudget, neverRuns: Bool = false
  ) {
    self.neverRuns = neverRuns
    self.graph = graph
    self.scope = scope
    self.binding = binding
    self.budget = budget
    operators = Array(repeating: nil, count: graph.nodeTable.count)
    data = Array(repeating: nil, count: graph.valueCount)
    constants = Array(repeating: nil, count: graph.valueCount)
    declared = Array(repeating: nil, count: graph.valueCount)
    guard !outer.isEmpty else { return }
    for name in graph.freeNames {
      if let id = graph.value(named: name), let operand = outer[name] { set(id, operand) }
    }
  }

  /// Takes over what is known about a value that no node of the graph computes.
  mutating func set(_ id: ValueID, _ operand: Operand) {
    graph.setType(id, operand.valueType)
    constants[id.index] = operand.constant
    data[id.index] = operand.data
  }

  mutating func run() throws(ModelError) -> TypedGraph {
    budget.names.reserve(graph)
    for (index, info) in graph.inputs.enumerated() {
      guard let type = info.type else { continue }
      setType(info.value, bound(type))
      guard !binding.isEmpty, let named = graph[info.value].type.map(bound) else { continue }
      graph.setType(info.value, named)
      graph.setInputType(index, named)
    }
    budget.reserveInputNames(of: graph)
    return try runNodes()
  }

  /// Finds the types of initializers and of what nodes compute; those of the inputs are there.
  mutating func runNodes() throws(ModelError) -> TypedGraph {
    for info in graph.valueInfos + graph.outputs {
      if let type = info.type { declared[info.value.index] = bound(type) }
    }
    for id in graph.initializers {
      guard let tensor = graph[id].initializer else { continue }
      if graph.constant(id) != nil || !graph.isInput(id) { graph.setType(id, .tensor(tensor.type)) }
    }
    for (id, sparse) in graph.sparseValues { graph.setType(id, .tensor(sparse.type)) }
    for id in graph.nodeIDs { try visit(id) }
    return TypedGraph(
      graph: graph, operators: operators, data: data, constants: constants, unknown: unknown,
      bodies: bodies, contradictions: budget.contradictions, stale: stale)
  }

  private func bound(_ type: ValueType) -> ValueType {
    binding.isEmpty ? type : type.mappingShapes { $0.substituting(binding) }
  }

  private mutating func visit(_ id: NodeID) throws(ModelError) {
    let node = graph[id]
    let op = try scope.make(graph, id)
    operators[id.index] = op
    guard let op else {
      unknown.append(id)
      for output in node.outputs.compactMap({ $0 }) {
        setType(output, declared[output.index] ?? graph[output].type)
      }
      return
    }
    let typing = try bodyTyping(op, id)
    let inputs = Inputs(
      label: graph.label(id), node.inputs.map { $0.map(operand) }, bodies: typing,
      relations: budget.relations)
    guard let results = try results(op, of: node, inputs) else {
      for output in node.outputs.compactMap({ $0 }) { setType(output, declared[output.index]) }
      if let typing { bodies[id] = try typing.facts() }
      return
    }
    if let typing { bodies[id] = try typing.facts() }
    let values = op.constantValue.map { [$0] } ?? evaluated(op, id, inputs, results)
    let isOpen = values == nil && results.contains { $0.data == nil }
    let moved = isOpen ? movedData(op, inputs, results) : nil
    for (slot, output) in node.outputs.enumerated() {
      guard let output else { continue }
      guard let result = results[safe: slot] else {
        setType(output, declared[output.index])
        continue
      }
      let value = values?[safe: slot] ?? result.knownTensor
      constants[output.index] = value
      data[output.index] = result.data ?? moved?[safe: slot] ?? nil
      let type = try merge(
        value.map { .tensor($0.type) } ?? result.valueType, declared[output.index], of: output,
        node: id)
      setType(output, type ?? graph[output].type)
    }
  }

  /// What the operator says about a node's results; nil where the inputs do not fit and the node
  /// never runs.
  private func results(
    _ op: any Operator, of node: Node, _ inputs: Inputs
  ) throws(ModelError) -> [Inferred]? {
    do {
      try scope.signature(of: node)?.check(inputs)
      return try op.infer(inputs)
    } catch {
      guard neverRuns, error.code == .invalid else { throw error }
      return nil
    }
  }

  /// Sets a type in which every length has a value or a name.
  private mutating func setType(_ id: ValueID, _ type: ValueType?) {
    guard case .tensor(let tensor)? = type else { return graph.setType(id, type) }
    graph.setType(id, .tensor(budget.names.complete(tensor, of: graph[id].name)))
  }

  /// How the operator learns types inside its bodies; nil when it has none.
  private func bodyTyping(
    _ op: any Operator, _ id: NodeID
  ) throws(ModelError) -> BodyTyping? {
    let all = op.bodies
    guard !all.isEmpty else { return nil }
    var captured: [String: Operand] = [:]
    for value in graph[id].captures { captured[graph[value].name] = operand(value) }
    return BodyTyping(
      all, label: graph.label(id), scope: scope, captured: captured, binding: binding,
      budget: budget, neverRun: neverRuns)
  }

  func operand(_ id: ValueID) -> Operand {
    Operand(
      name: graph[id].name, valueType: graph[id].type,
      constant: constants[id.index] ?? graph.constant(id).flatMap { $0.isAbsent ? nil : $0 },
      data: data[id.index])
  }

  /// The results of a node that only computes small integers from constants.
  private func evaluated(
    _ op: any Operator, _ id: NodeID, _ inputs: Inputs, _ results: [Inferred]
  ) -> [Tensor]? {
    guard
      results.allSatisfy({ result in
        (result.type.elementType.isInteger || result.type.elementType == .bool)
          && (result.type.shape?.elementCount.value ?? .max) <= Self.followed
      }),
      inputs.operands.allSatisfy({ $0 == nil || ($0?.constant?.count ?? .max) <= Self.followed })
    else { return nil }
    return try? evaluateConstant(
      op, label: inputs.label, inputs: inputs.operands.map { $0?.constant },
      outputs: graph[id].outputs.count)
  }

  /// What an inferred and a declared type come to: the inferred one, narrowed by what is declared
  /// where it says nothing. Where they contradict each other the inferred one holds, if declared
  /// shapes are advice.
  private mutating func merge(
    _ inferred: ValueType?, _ declared: ValueType?, of value: ValueID, node: NodeID
  ) throws(ModelError) -> ValueType? {
    guard let declared else { return inferred }
    guard let inferred else { return declared }
    let merged = inferred.narrowed(by: declared)
    if let merged, !budget.isStale(declared, against: inferred) { return merged }
    // Lengths that a caller chose for names may be others than those of the exporter's sample,
    // which some exporters declare for outputs.
    if !binding.isEmpty, let a = inferred.tensor, let b = declared.tensor,
      a.elementType == b.elementType, a.shape?.rank == b.shape?.rank
    {
      return inferred
    }
    let conflict = conflict(inferred, declared, of: value, node: node)
    // A number for a length that the inputs leave free is a leftover, but no error.
    guard merged != nil || budget.declared == .advisory && inferred.hasElements(of: declared) else {
      throw conflict
    }
    budget.note(conflict.message)
    stale[value] = inferred
    return inferred
  }

  private func conflict(
    _ inferred: ValueType, _ declared: ValueType, of value: ValueID, node: NodeID
  ) -> ModelError {
    ModelError(
      .invalid,
      "\(graph.label(node)), value '\(graph[value].name)': expected \(inferred) from its inputs, found \(declared) declared",
      hint: "where the declaration is wrong, infer puts the inferred type in its place")
  }
}

extension Inferred {
  /// The value as a tensor, when every element is a number.
  fileprivate var knownTensor: Tensor? {
    guard let data, let shape = type.shape?.known, Tensor.count(shape) == data.count else {
      return nil
    }
    let values = data.compactMap(\.value)
    guard values.count == data.count else { return nil }
    switch type.elementType {
    case .int64: return Tensor(int64: values, shape)
    case .int32: return Tensor(.int32, shape, Storage(values.map { Int32(clamping: $0) }))
    default: return nil
    }
  }
}
