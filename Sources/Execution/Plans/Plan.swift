internal import IR
internal import Operators

/// One node, ready to run: its operator made, its operands resolved to slots.
struct Step {
  let node: NodeID
  let label: String
  let op: any Operator
  /// The element types that the operator takes, where they are stated.
  let signature: Signature?
  /// The operator where it takes values of every kind.
  let valueOp: (any ValueOperator)?
  /// Slots of the inputs, nil where one is left out. A slot is a value's index in the graph.
  let inputs: [Int?]
  let outputs: [Int?]
  /// Slots that the operator's bodies read by name.
  let captures: [Int]
  /// The bodies that the operator runs.
  let bodies: [BodyPlan]
  /// Slots that no later step reads and that are not graph outputs.
  var released: [Int] = []
  /// The accelerated way to run the node, where there is one.
  var fast: (any FastStep)?
  /// How the step multiplies bytes where sums of pairs saturate, and whether they do.
  var product: SaturatingProduct?
  var saturates = false
  /// What the step computes, where that is not the operator alone.
  var form = StepForm.plain
  /// What the step's operand has to be for it to stand for its parts.
  var condition: OperandCondition?
  /// Whether a logarithm is taken of the sums that the step computes.
  var isMagnified = false
  /// The steps that this one stands for: they run where the accelerated way does not take the
  /// operands. The last one makes the output.
  var parts: [Step] = []

  /// Slots that have to hold their values when the node runs.
  var reads: [Int] { inputs.compactMap { $0 } + captures }
}

/// A body that a node runs, and where it finds the values of the enclosing graph.
struct BodyPlan {
  let body: Body
  let plan: Plan
  let scope: OperatorScope
  /// Slots of the body and of the enclosing graph.
  let captures: [(inner: Int, outer: Int)]
}

/// What a session knows of its graph before any run.
struct Plan {
  var steps: [Step] = []
  /// Constants, and defaults of inputs, by slot.
  var constants: [Int: RuntimeTensor] = [:]
  /// Constants that are strings.
  var strings: [Int: Datum] = [:]
  /// Large constants of a model that runs once, by slot: each is in memory while a step that reads
  /// it runs.
  var fleeting: [Int: Tensor] = [:]
  /// The slots of constants that no run can replace.
  var fixed: Set<Int> = []
  /// The step that produces a slot.
  var producers: [Int: Int] = [:]
  var outputs: [Int] = []

  /// Constants of up to this many bytes in all stay in memory in any case.
  private static let residentLimit = 1 << 28
  /// Constants of up to this many bytes do.
  private static let fleetingThreshold = 1 << 20

  init(
    _ model: Model, backend: (any Backend)?, keepsConstants: Bool = true, saturates: Bool = false
  ) throws(ModelError) {
    try model.checkInvariants()
    var budget = 1_000_000
    try self.init(
      model.graph, OperatorScope(model), backend: backend, keepsConstants: keepsConstants,
      depth: 0, budget: &budget)
    if saturates { saturateProducts() }
  }

  /// - Parameters:
  ///   - depth: how many graphs enclose this one.
  ///   - budget: how many more nodes may be planned; functions that call functions can ask for more
  ///     than fit in memory.
  private init(
    _ graph: Graph, _ scope: OperatorScope, backend: (any Backend)?,
    keepsConstants: Bool = true, depth: Int, budget: inout Int
  ) throws(ModelError) {
    budget -= graph.nodeCount
    guard budget >= 0, depth <= 64 else {
      throw ModelError(
        .limit, "expected at most 64 levels of graphs and 1,000,000 nodes in all, found more")
    }
    for id in graph.sparseInitializers {
      guard let sparse = graph.sparseValues[id] else {
        throw ModelError(
          .unsupported,
          "initializer '\(graph[id].name)': expected a sparse tensor with values and indices")
      }
      let dense = try noting("initializer '\(graph[id].name)'") { () throws(ModelError) in
        try sparse.dense()
      }
      if let value = RuntimeTensor(dense) {
        constants[id.index] = value
      } else {
        strings[id.index] = .tensor(dense)
      }
    }
    let size = graph.initializers.reduce(0) { $0 &+ (graph[$1].initializer?.byteCount ?? 0) }
    let areFleeting = !keepsConstants && size > Self.residentLimit
    for id in graph.initializers {
      guard let tensor = graph[id].initializer else { continue }
      try Self.check(tensor, graph[id].name)
      if areFleeting, tensor.byteCount > Self.fleetingThreshold {
        fleeting[id.index] = tensor
      } else if let value = RuntimeTensor(tensor) {
        constants[id.index] = value
      } else {
        strings[id.index] = .tensor(tensor)
      }
    }
    outputs = graph.outputs.map(\.value.index)
    for id in graph.nodeIDs {
      for slot in graph[id].outputs.compactMap({ $0?.index }) { producers[slot] = steps.count }
      steps.append(try Self.step(graph, scope, id, backend, depth, &budget))
    }
    fixed = Set(constants.keys.filter { graph.constant(ValueID($0)) != nil })
    release()
    if let backend {
      findMagnifiedSums()
      lower(backend)
    }
  }

  /// An initializer's elements must be as many as its shape says: kernels rely on it.
  private static func check(_ tensor: Tensor, _ name: String) throws(ModelError) {
    guard let count = Tensor.count(tensor.dimensions) else {
      throw ModelError(
        .malformed, "tensor '\(name)': expected a shape that fits in memory, found \(tensor.type)")
    }
    guard let storage = tensor.storage else { return }
    guard tensor.elementType.byteCount(of: count) == storage.count else {
      throw ModelError(
        .malformed,
        "tensor '\(name)': expected \(tensor.elementType.byteCount(of: count) ?? 0) bytes for \(tensor.type), found \(storage.count)"
      )
    }
  }

  private static func step(
    _ graph: Graph, _ scope: OperatorScope, _ id: NodeID, _ backend: (any Backend)?,
    _ depth: Int, _ budget: inout Int
  ) throws(ModelError) -> Step {
    let node = graph[id]
    let label = graph.label(id)
    guard let op = try scope.make(graph, id) else {
      guard let opset = scope.opsets.version(of: node.op.domain) else {
        throw ModelError(
          .unsupported,
          "\(label): expected an operator set of domain '\(node.op.domain)', found no import of it")
      }
      throw ModelError(
        .unsupported,
        "\(label): expected an operator that Lapidary can run, found '\(node.op)' at opset \(opset)"
      )
    }
    var bodies: [BodyPlan] = []
    for body in op.bodies {
      let inner = scope.entering(body)
      let plan: Plan
      do throws(ModelError) {
        plan = try Plan(
          body.graph, inner, backend: backend, depth: depth + 1, budget: &budget)
      } catch {
        throw error.noting(label)
      }
      var captures: [(inner: Int, outer: Int)] = []
      for name in body.function == nil ? body.graph.freeNames : [] {
        if let inner = body.graph.value(named: name), let outer = graph.value(named: name) {
          captures.append((inner.index, outer.index))
        }
      }
      bodies.append(BodyPlan(body: body, plan: plan, scope: inner, captures: captures))
    }
    return Step(
      node: id, label: label, op: op, signature: scope.signature(of: node),
      valueOp: op as? any ValueOperator,
      inputs: node.inputs.map { $0?.index },
      outputs: node.outputs.map { $0?.index }, captures: node.captures.map(\.index),
      bodies: bodies)
  }

  /// Notes after which step each computed value is not needed any more.
  mutating func release() {
    var kept = Set(outputs).union(constants.keys).union(strings.keys).union(fleeting.keys)
    for index in steps.indices.reversed() {
      steps[index].forgetReleases()
      let step = steps[index]
      for slot in step.reads + step.outputs.compactMap({ $0 }) where kept.insert(slot).inserted {
        steps[index].released.append(slot)
      }
    }
  }

  /// Which steps the given slots need, in order.
  func steps(for wanted: some Sequence<Int>) -> [Bool] {
    var needed = [Bool](repeating: false, count: steps.count)
    for slot in wanted { if let step = producers[slot] { needed[step] = true } }
    for index in steps.indices.reversed() where needed[index] {
      for slot in steps[index].reads {
        if let step = producers[slot] { needed[step] = true }
      }
    }
    return needed
  }
}
