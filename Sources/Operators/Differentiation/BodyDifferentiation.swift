package import IR

/// Differentiates the graphs that a node runs.
package protocol BodyDifferentiation {
  /// Which outputs of a body change with the given inputs of it, or with values that it reads by name
  /// and that change.
  func varying(_ body: Int, inputs: Set<Int>) -> Set<Int>

  /// A body that goes through its nodes once more and then backwards.
  ///
  /// - Parameters:
  ///   - body: its place among the operator's bodies.
  ///   - inputs: the inputs of the body to differentiate by, beside the values that it reads by name.
  ///   - seeds: makes the cotangents of its outputs, nil for those that have none.
  /// - Throws: `ModelError` with code `unsupported`, which names the node that has no derivative.
  func backward(
    _ body: Int, inputs: Set<Int>,
    seeds: (GraphBuilder, [Term]) throws(ModelError) -> [Term?]
  ) throws(ModelError) -> BackwardBody
}

/// A body with its derivatives behind it. It has the body's inputs and no outputs.
package struct BackwardBody {
  package let builder: GraphBuilder
  package let inputs: [Term]
  /// The cotangent of each input; nil where the outputs do not depend on it.
  package let cotangents: [Term?]
  /// The cotangents of the values that the node captures, in their order.
  package let captured: [Term?]
}

/// The bodies of one node.
struct BodyWalk: BodyDifferentiation {
  private let call: GradientCall
  private let bodies: [Body]
  private let typed: [TypedGraph]
  private let frame: Model

  init(_ call: GradientCall, bodies: [Body], typed: [TypedGraph], frame: Model) {
    self.call = call
    self.bodies = bodies
    self.typed = typed
    self.frame = frame
  }

  /// Values of a body that change: of its inputs, and of what it reads by name.
  private func wanted(_ body: Int, _ inputs: Set<Int>) -> [ValueID] {
    let graph = typed[body].graph
    let own = inputs.sorted().compactMap { graph.inputs[safe: $0]?.value }
    let captured = call.captures.filter(\.varies).compactMap { graph.value(named: $0.name) }
    return own + captured.filter { !graph.isInput($0) }
  }

  func varying(_ body: Int, inputs: Set<Int>) -> Set<Int> {
    guard let typed = typed[safe: body] else { return [] }
    let builder = GraphBuilder(typed.graph, opset: call.builder.opset, isPortable: true)
    let walk = BackwardWalk(typed, builder, frame, by: wanted(body, inputs))
    return Set(
      typed.graph.outputs.indices.filter { walk.varying.contains(typed.graph.outputs[$0].value) })
  }

  func backward(
    _ body: Int, inputs: Set<Int>,
    seeds: (GraphBuilder, [Term]) throws(ModelError) -> [Term?]
  ) throws(ModelError) -> BackwardBody {
    guard let typed = typed[safe: body] else {
      throw ModelError(.unsupported, "the types in its body are not known")
    }
    if let node = typed.randomNode {
      throw ModelError(.unsupported, "in its body, \(node) draws at random")
    }
    let graph = bodies[body].graph
    // Names of a body must not be those of the graph around it.
    let builder = GraphBuilder(
      graph, opset: call.builder.opset, isPortable: call.builder.isPortable,
      stem: call.builder.stem + "_in")
    builder.dropOutputs()
    func term(_ value: ValueID) -> Term {
      Term(builder, value, typed.graph[value].tensorType ?? .unknown)
    }
    var walk = BackwardWalk(typed, builder, frame, by: wanted(body, inputs))
    let outputs = graph.outputs.map { term($0.value) }
    for (output, seed) in zip(outputs, try seeds(builder, outputs)) {
      if let seed { walk.seed(output.id, seed) }
    }
    try walk.run()
    if let obstacle = walk.obstacles.first {
      throw ModelError(.unsupported, "in its body, \(obstacle.node): \(obstacle.reason)")
    }
    call.builder.adoptImports(of: builder)
    var cotangents: [Term?] = []
    for (place, info) in graph.inputs.enumerated() {
      cotangents.append(inputs.contains(place) ? walk.total(info.value) : nil)
    }
    var captured: [Term?] = []
    for capture in call.captures {
      let value = capture.varies ? graph.value(named: capture.name) : nil
      captured.append(value.flatMap { graph.isInput($0) ? nil : walk.total($0) })
    }
    return BackwardBody(
      builder: builder, inputs: graph.inputs.map { term($0.value) }, cotangents: cotangents,
      captured: captured)
  }
}

extension TypedGraph {
  /// A node, here or in a body, whose results differ from run to run; nil where there is none.
  fileprivate var randomNode: String? {
    for id in graph.nodeIDs {
      if let op = op(id), !op.isFoldable, case .zero = op.gradient { return graph.label(id) }
      for body in bodies(id) { if let node = body.randomNode { return node } }
    }
    return nil
  }
}
