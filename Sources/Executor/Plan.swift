internal import IR
internal import Operators

/// One node, ready to run: its operator made, its operands resolved to slots.
struct Step {
  let node: NodeID
  let label: String
  let op: any Operator
  /// Slots of the inputs, nil where one is left out. A slot is a value's index in the graph.
  let inputs: [Int?]
  let outputs: [Int?]
  /// Slots that no later step reads and that are not graph outputs.
  var released: [Int] = []
  /// The accelerated way to run the node, where there is one.
  var fast: (any FastStep)?
}

/// What a session knows of its graph before any run.
struct Plan {
  var steps: [Step] = []
  /// Constants, and defaults of inputs, by slot.
  var constants: [Int: RuntimeTensor] = [:]
  /// The step that produces a slot.
  var producers: [Int: Int] = [:]
  var outputs: [Int] = []

  init(_ model: Model, accelerator: Accelerator?) throws(ModelError) {
    let graph = model.graph
    try graph.checkInvariants()
    for id in graph.sparseInitializers {
      throw ModelError(
        .unsupported, "initializer '\(graph[id].name)': sparse initializers cannot be evaluated")
    }
    for id in graph.initializers {
      guard let tensor = graph[id].initializer else { continue }
      try Self.check(tensor, graph[id].name)
      if let value = RuntimeTensor(tensor) { constants[id.index] = value }
    }
    outputs = graph.outputs.map(\.value.index)
    for id in graph.nodeIDs {
      for slot in graph[id].outputs.compactMap({ $0?.index }) { producers[slot] = steps.count }
      steps.append(try Self.step(model, id))
    }
    release()
    guard let accelerator else { return }
    for index in steps.indices {
      let step = steps[index]
      let constants = step.inputs.map { slot in
        slot.flatMap { graph.constant(ValueID($0)) == nil ? nil : self.constants[$0] }
      }
      steps[index].fast = accelerator.lower(
        step.op, constants: constants, outputs: step.outputs.map { $0 != nil })
    }
  }

  /// An initializer's elements must be as many as its shape says: kernels rely on it.
  private static func check(_ tensor: Tensor, _ name: String) throws(ModelError) {
    var count = 1
    for length in tensor.dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else {
        throw ModelError(
          .malformed, "tensor '\(name)': expected a shape that fits in memory, found \(tensor.type)"
        )
      }
      count = product
    }
    guard let storage = tensor.storage else { return }
    guard tensor.elementType.byteCount(of: count) == storage.count else {
      throw ModelError(
        .malformed,
        "tensor '\(name)': expected \(tensor.elementType.byteCount(of: count) ?? 0) bytes for \(tensor.type), found \(storage.count)"
      )
    }
  }

  private static func step(_ model: Model, _ id: NodeID) throws(ModelError) -> Step {
    let graph = model.graph, node = graph[id]
    let label = graph.label(id)
    guard let opset = model.opset(of: node.op.domain) else {
      throw ModelError(
        .invalid,
        "\(label): expected an operator set of domain '\(node.op.domain)', found no import of it")
    }
    guard let op = try Registry.make(node.op, opset: opset, NodeView(graph, id)) else {
      throw ModelError(
        .unsupported,
        "\(label): expected an operator that Lapidary can run, found '\(node.op)' at opset \(opset)"
      )
    }
    return Step(
      node: id, label: label, op: op, inputs: node.inputs.map { $0?.index },
      outputs: node.outputs.map { $0?.index })
  }

  /// Notes after which step each computed value is not needed any more.
  private mutating func release() {
    var kept = Set(outputs).union(constants.keys)
    for index in steps.indices.reversed() {
      let step = steps[index]
      for slot in (step.inputs + step.outputs).compactMap({ $0 }) where kept.insert(slot).inserted {
        steps[index].released.append(slot)
      }
    }
  }

  /// Which steps the given slots need, in order.
  func steps(for wanted: some Sequence<Int>) -> [Bool] {
    var needed = [Bool](repeating: false, count: steps.count)
    for slot in wanted { if let step = producers[slot] { needed[step] = true } }
    for index in steps.indices.reversed() where needed[index] {
      for slot in steps[index].inputs {
        if let slot, let step = producers[slot] { needed[step] = true }
      }
    }
    return needed
  }
}
