package import IR

/// A node as a model of its own, made of other operators: what has no derivative of its own is
/// differentiated through this. The way there is computed once more on the way back, so that nothing of
/// it is kept in between.
package struct SpelledOut {
  /// Its inputs are the node's operands that are there, its outputs those that the node names.
  package let model: Model
  private let call: GradientCall
  /// The model's input for each of the node's operands.
  private let operands: [ValueID?]
  /// The model's output for each of the node's.
  private let results: [ValueID?]

  /// - Parameters:
  ///   - call: the node; its rule makes the outputs instead of cotangents.
  ///   - frame: the model around it, for its operator sets and functions.
  init(
    _ call: GradientCall, _ rule: (GradientCall) throws(ModelError) -> [Term?], _ frame: Model
  ) throws(ModelError) {
    let builder = GraphBuilder(
      Graph(), opset: call.builder.opset, isPortable: call.builder.isPortable, stem: "spelled")
    operands = call.node.inputs.indices.map { slot in
      call.node.inputs[slot].map { _ in builder.input("operand", call.facts.type(slot)).id }
    }
    let inner = GradientCall(
      builder: builder, label: call.label,
      node: call.node.relocated(inputs: operands, outputs: call.node.outputs), facts: call.facts,
      types: call.types, cotangents: [])
    let terms = try rule(inner)
    var results: [ValueID?] = []
    for (slot, output) in call.node.outputs.enumerated() {
      guard output != nil, let term = terms[safe: slot] ?? nil else {
        results.append(nil)
        continue
      }
      builder.output("result", term.typed(as: call.types[safe: slot] ?? term.type))
      results.append(builder.graph.outputs.last?.value)
    }
    self.results = results
    self.call = call
    var model = frame
    model.graph = builder.graph
    model.importMissing(builder.imports)
    self.model = model
  }

  /// A node that is spelled out in a model; nil for others.
  package init?(_ model: Model, _ id: NodeID) throws(ModelError) {
    let typed = try inferTypes(model)
    guard let op = typed.op(id), case .spelledOut(let rule) = op.gradient else { return nil }
    let builder = GraphBuilder(model.graph, opset: model.opset() ?? 0, isPortable: false)
    let call = GradientCall(
      builder: builder, label: typed.graph.label(id), node: typed.graph[id],
      facts: typed.inputs(id), types: typed.outputs(id), cotangents: [])
    try self.init(call, rule, model)
  }

  /// The cotangents of the node's operands, put into its graph.
  func backward() throws(ModelError) -> [Term?] {
    let typed = try inferTypes(model)
    let builder = GraphBuilder(
      model.graph, opset: call.builder.opset, isPortable: call.builder.isPortable,
      stem: call.builder.stem)
    builder.dropOutputs()
    let slots = operands.indices.filter { operands[$0] != nil && call.varies[$0] }
    var walk = BackwardWalk(typed, builder, model, by: slots.compactMap { operands[$0] })
    var values = call.node.inputs.compactMap { $0 }
    for (slot, given) in call.cotangents.enumerated() {
      guard let given, let result = results[safe: slot] ?? nil else { continue }
      walk.seed(result, builder.input("cotangent", given.type))
      values.append(given.id)
    }
    try walk.run()
    if let obstacle = walk.obstacles.first {
      throw ModelError(.unsupported, "in what it stands for, \(obstacle.node): \(obstacle.reason)")
    }
    var found: [Int] = []
    for slot in slots {
      guard let operand = operands[slot], let term = walk.total(operand) else { continue }
      builder.give(term)
      found.append(slot)
    }
    builder.dropUnread()
    call.builder.adoptImports(of: builder)
    let made = try call.builder.splice(builder.graph, operands: values)
    var cotangents = [Term?](repeating: nil, count: operands.count)
    for (slot, value) in zip(found, made) {
      cotangents[slot] = Term(call.builder, value, call.facts.type(slot))
    }
    return cotangents
  }
}
