internal import IR
internal import Operators

/// A value during a run.
enum RuntimeValue {
  /// A tensor of numbers.
  case tensor(RuntimeTensor)
  /// Strings, a sequence or an optional.
  case other(Datum)

  init(_ datum: Datum) {
    if let tensor = datum.tensor.flatMap({ RuntimeTensor($0) }) {
      self = .tensor(tensor)
    } else {
      self = .other(datum)
    }
  }

  /// The type, with the shape of a tensor.
  var type: ValueType {
    switch self {
    case .tensor(let tensor): .tensor(TensorType(tensor.elementType, tensor.shape))
    case .other(let datum): datum.type
    }
  }
}

/// One body of a node, ready to run again and again.
final class BodyFrame {
  let plan: BodyPlan
  /// What the body reads of the enclosing graph in the present run of the node, by slot.
  var captured: [Int: RuntimeValue] = [:]
  /// Who sees on what the body is run.
  var witness: ((_ values: [String: Datum]) -> Void)?
  private let label: String
  private var runner: Runner

  init(_ plan: BodyPlan, _ label: String, _ backend: (any Backend)?, _ pool: BufferPool) {
    self.plan = plan
    self.label = label
    runner = Runner(
      plan: plan.plan, valueCount: plan.body.graph.valueCount, backend: backend, pool: pool)
  }

  func run(_ arguments: [Datum?]) throws(ModelError) -> [Datum] {
    let graph = plan.body.graph
    var values = captured
    for (index, info) in graph.inputs.enumerated() {
      guard let argument = arguments[safe: index] ?? nil else { continue }
      values[info.value.index] = RuntimeValue(argument)
    }
    if let witness { try show(values, of: graph, to: witness) }
    let wanted = graph.outputs.map { (name: graph[$0.value].name, slot: $0.value.index) }
    do throws(ModelError) {
      return try runner.run(graph, values, wanted, observing: []) { _, _ in }
    } catch {
      throw error.noting(label)
    }
  }

  private func show(
    _ values: [Int: RuntimeValue], of graph: Graph, to witness: (_ values: [String: Datum]) -> Void
  ) throws(ModelError) {
    var named: [String: Datum] = [:]
    for (slot, value) in values {
      let name = graph[ValueID(slot)].name
      switch value {
      case .tensor(let tensor): named[name] = .tensor(tensor.tensor)
      case .other(let datum): named[name] = datum
      }
    }
    witness(named)
  }

  func types(_ arguments: [Operand?]) throws(ModelError) -> [Operand] {
    let graph = plan.body.graph
    var outer: [String: Operand] = [:]
    for (slot, value) in captured {
      let name = graph[ValueID(slot)].name
      outer[name] = Operand(name: name, valueType: value.type)
    }
    return try inferBody(
      plan.body, label: label, scope: plan.scope, captured: outer, arguments: arguments)
  }
}

/// The bodies of a node, for its operator.
struct BodyFrames: BodyRunner {
  let frames: [BodyFrame]

  func run(_ body: Int, _ arguments: [Datum?]) throws(ModelError) -> [Datum] {
    try frames[body].run(arguments)
  }

  func types(_ body: Int, _ arguments: [Operand?]) throws(ModelError) -> [Operand] {
    try frames[body].types(arguments)
  }
}
