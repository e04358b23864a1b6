package import IR
private import Synchronization

/// Inference inside the bodies of one node. It keeps the facts of the last time that each body was
/// looked at, which is when its arguments had their widest types.
final class BodyTyping: BodyInference {
  private let bodies: [Body]
  private let label: String
  private let scope: OperatorScope
  private let captured: [String: Operand]
  private let binding: [String: Int]
  private let budget: InferenceBudget
  private let found = Mutex<[Int: TypedGraph]>([:])
  /// The places of bodies that never run.
  private let dead: Mutex<Set<Int>>

  /// - Parameter neverRun: whether the node itself is in a body that never runs.
  init(
    _ bodies: [Body], label: String, scope: OperatorScope, captured: [String: Operand],
    binding: [String: Int], budget: InferenceBudget, neverRun: Bool = false
  ) {
    dead = Mutex(neverRun ? Set(bodies.indices) : [])
    self.bodies = bodies
    self.label = label
    self.scope = scope
    self.captured = captured
    self.binding = binding
    self.budget = budget
  }

  func infer(_ index: Int, _ arguments: [Operand?]) throws(ModelError) -> [Operand] {
    let body = bodies[index]
    var inference = Inference(
      graph: body.graph, scope: scope.entering(body), binding: binding,
      outer: body.function == nil ? captured : [:], budget: budget,
      neverRuns: dead.withLock { $0.contains(index) })
    for (place, info) in body.graph.inputs.enumerated() {
      guard var argument = arguments[safe: place] ?? nil else { continue }
      if argument.valueType == nil { argument.valueType = info.type }
      inference.set(info.value, argument)
    }
    for info in body.graph.inputs.dropFirst(arguments.count) {
      inference.set(info.value, Operand(name: body.graph[info.value].name, valueType: info.type))
    }
    let (label, function) = (label, body.function)
    let facts = try budget.spending(body.graph.nodeCount, label) { () throws(ModelError) in
      try noting(function == nil ? "\(label), attribute '\(body.name)'" : label) {
        () throws(ModelError) in try inference.runNodes()
      }
    }
    found.withLock { $0[index] = facts }
    return body.graph.outputs.map { facts.operand($0.value) }
  }

  func neverRuns(_ body: Int) { dead.withLock { _ = $0.insert(body) } }

  /// The facts of every body; one that the operator did not ask about is looked at now.
  func facts() throws(ModelError) -> [TypedGraph] {
    var all: [TypedGraph] = []
    for index in bodies.indices {
      if found.withLock({ $0[index] }) == nil { _ = try infer(index, []) }
      if let facts = found.withLock({ $0[index] }) { all.append(facts) }
    }
    return all
  }
}

/// The types of what a body computes for arguments of known types, outside the inference of a whole
/// model.
///
/// - Parameters:
///   - scope: the scope inside the body.
///   - captured: what is known about values of the enclosing graph, by name.
package func inferBody(
  _ body: Body, label: String, scope: OperatorScope, captured: [String: Operand],
  arguments: [Operand?]
) throws(ModelError) -> [Operand] {
  let subgraph = Body(body.name, body.graph)
  let typing = BodyTyping(
    [subgraph], label: label, scope: scope, captured: captured, binding: [:],
    budget: InferenceBudget())
  return try typing.infer(0, arguments)
}
