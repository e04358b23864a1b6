internal import IR
internal import Operators

/// A model while an encoding rewrites its nodes: new values and constants, and what became of nodes.
struct EncodingEditor {
  var model: Model
  /// What is known of the model before.
  let facts: TypedGraph
  /// What becomes of each node, in order.
  private(set) var nodes: [EncodedNode] = []
  private var places: [NodeID: Int] = [:]

  init(_ model: Model) throws(ModelError) {
    self.model = model
    facts = try inferTypes(model)
    for id in facts.graph.nodeIDs {
      places[id] = nodes.count
      let node = facts.graph[id]
      let output = node.outputs.lazy.compactMap { $0 }.first.map { facts.graph[$0].name }
      nodes.append(
        EncodedNode(
          node: facts.graph.label(id), op: node.op, name: node.name, output: output ?? ""))
    }
  }

  /// Says which form a node took.
  mutating func took(_ form: String, _ id: NodeID) {
    if let place = places[id] { nodes[place].form = form }
  }

  /// Says why a node stayed as it was.
  mutating func stayed(_ id: NodeID, _ reason: String) {
    if let place = places[id] { nodes[place].reason = reason }
  }

  /// The constant that an input is; nil for what a caller or a node gives.
  func constant(_ id: NodeID, _ slot: Int) -> (value: ValueID, tensor: Tensor)? {
    guard let value = facts.graph[id].inputs[safe: slot] ?? nil,
      let tensor = facts.constant(value)
    else { return nil }
    return (value, tensor)
  }

  /// The name of a value, for names of what is made of it.
  func name(_ value: ValueID) -> String { model.graph[value].name }

  mutating func addConstant(_ stem: String, _ tensor: Tensor) -> ValueID {
    model.graph.addInitializer(stem, tensor)
  }

  /// A new value.
  mutating func addValue(_ stem: String, _ elementType: ElementType, _ shape: Shape? = nil)
    -> ValueID
  {
    model.graph.addFreshValue(stem, type: .tensor(TensorType(elementType, shape)))
  }

  /// Takes a node away and hands its output 0 to whoever makes it from now on.
  ///
  /// - Returns: the output.
  mutating func release(_ id: NodeID) -> ValueID? {
    let output = model.graph[id].outputs[safe: 0] ?? nil
    model.graph.remove(id)
    return output
  }

  /// Makes every node read another value in place of one.
  mutating func replace(_ old: ValueID, by new: ValueID) {
    model.graph.replaceInputs(of: old, with: new)
  }

  /// The result, with its nodes in an order of execution.
  consuming func finish(notes: [String]) throws(ModelError) -> EncodedModel {
    try model.graph.sortTopologically()
    model.graph.removeUnreadConstants(facts)
    model.graph.dropUnusedValues()
    return EncodedModel(model: model, nodes: nodes, notes: notes)
  }
}

extension Graph {
  /// Removes nodes that only hold a constant that nothing reads any more.
  fileprivate mutating func removeUnreadConstants(_ facts: TypedGraph) {
    for id in facts.graph.nodeIDs where contains(id) && facts.op(id)?.constantValue != nil {
      guard self[id].outputs.allSatisfy({ $0.map { self[$0].uses.isEmpty } ?? true }) else {
        continue
      }
      remove(id)
    }
  }
}
