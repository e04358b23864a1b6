import IR

/// Cotangents on their way backwards through one graph: from values that a loss depends on to those that
/// it is differentiated by. Nodes that carry them are appended.
struct BackwardWalk {
  /// The graph as it was.
  let typed: TypedGraph
  let builder: GraphBuilder
  /// The model around the graph, for its operator sets and functions.
  let frame: Model
  /// Nodes on the way that have no derivative, in order of execution.
  private(set) var obstacles: [Differentiation.Obstacle] = []
  /// Values that change with a wanted one.
  private(set) var varying: Set<ValueID>
  private var terms: [ValueID: [Term]] = [:]
  private var barred: [NodeID] = []

  init(_ typed: TypedGraph, _ builder: GraphBuilder, _ frame: Model, by wanted: [ValueID]) {
    self.typed = typed
    self.builder = builder
    self.frame = frame
    varying = Set(wanted)
    for id in typed.graph.nodeIDs { follow(id) }
  }

  /// Adds a cotangent that the walk starts with.
  mutating func seed(_ value: ValueID, _ term: Term) { terms[value, default: []].append(term) }

  mutating func run() throws(ModelError) {
    for id in typed.graph.nodeIDs.reversed() where try !passes(id) { barred.append(id) }
    obstacles.reverse()
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

  /// The sum of what came back to a value, the first from the last reader; nil where nothing did.
  mutating func total(_ value: ValueID) -> Term? {
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
    let operands = node.inputs + node.captures.map { $0 }
    guard node.outputs.contains(where: { $0.map { terms[$0] != nil } ?? false }),
      operands.contains(where: { $0.map { varying.contains($0) } ?? false })
    else { return true }
    let label = typed.graph.label(id)
    func stop(_ reason: String) -> Bool {
      obstacles.append(Differentiation.Obstacle(node: label, reason: reason))
      return false
    }
    guard let op = typed.op(id) else { return stop("its operator is not known") }
    let found: [Term?]
    do {
      switch op.gradient {
      case .zero: return true
      case .none(let reason): return stop(reason)
      case .rule(let rule): found = try rule(call(id, op))
      case .spelledOut(let rule): found = try SpelledOut(call(id, op), rule, frame).backward()
      }
    } catch {
      guard error.code == .unsupported else { throw error }
      return stop(error.message)
    }
    for (slot, term) in found.enumerated() {
      guard let term, let value = operands[safe: slot] ?? nil, varying.contains(value) else {
        continue
      }
      terms[value, default: []].append(term)
    }
    return true
  }

  /// What a rule sees of a node.
  private mutating func call(_ id: NodeID, _ op: any Operator) -> GradientCall {
    let node = typed.graph[id]
    var given: [Term?] = []
    for output in node.outputs { given.append(output.flatMap { total($0) }) }
    var call = GradientCall(
      builder: builder, label: typed.graph.label(id), node: node, facts: typed.inputs(id),
      types: typed.outputs(id), cotangents: given)
    call.id = id
    call.varies = node.inputs.map { $0.map { varying.contains($0) } ?? false }
    guard !op.bodies.isEmpty else { return call }
    call.captures = node.captures.map { value in
      GradientCall.Capture(
        name: typed.graph[value].name,
        term: Term(builder, value, typed.graph[value].tensorType ?? .unknown),
        varies: varying.contains(value))
    }
    call.bodies = BodyWalk(
      call, bodies: op.bodies, typed: typed.bodies(id), frame: frame)
    return call
  }

  /// The values that change and from which a path leads through nodes that could not be passed.
  func blocked() -> Set<ValueID> {
    var pending = barred
    var seen = Set(barred)
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
    return values
  }
}
