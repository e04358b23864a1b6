internal import IR
internal import Operators

/// What cannot go because it can be seen from outside, and nodes that nothing is known of.
extension Coupling {
  private mutating func freezeTensor(_ tensor: SlotTensor, rank: Int, _ reason: String) {
    for axis in 0..<rank {
      if let slots = space[SlotAxis(tensor: tensor, axis: axis)] { freeze(slots, reason) }
    }
  }

  /// Graph inputs and outputs are the model's contract; what a subgraph reads is out of sight.
  mutating func freezeBoundaries() {
    let graph = facts.graph
    for value in graph.valueIDs {
      guard let rank = graph[value].tensorType?.shape?.rank else { continue }
      let name = graph[value].name
      if graph.isInput(value), graph.constant(value) == nil {
        freezeTensor(.value(value), rank: rank, "graph input '\(name)'")
      }
      if graph.isOutput(value) {
        freezeTensor(.value(value), rank: rank, "graph output '\(name)'")
      }
      for case .capture(let holder) in graph[value].uses {
        freezeTensor(
          .value(value), rank: rank, "used inside the body of \(graph.label(holder))")
      }
    }
  }

  /// All operands of a node.
  func ports(_ id: NodeID) -> [Port] {
    let node = facts.graph[id]
    return node.inputs.indices.map { .input($0) } + node.outputs.indices.map { .output($0) }
  }

  /// The rank of an operand; 0 where it is not known.
  func rank(_ id: NodeID, _ port: Port) -> Int {
    space.tensor(facts.graph, id, port).flatMap {
      facts.graph[$0.value(facts.graph)].tensorType?.shape?.rank
    } ?? 0
  }

  /// Freezes every axis of a node's operands.
  mutating func freezeAll(of id: NodeID, _ reason: String) {
    for port in ports(id) {
      guard let tensor = space.tensor(facts.graph, id, port) else { continue }
      freezeTensor(tensor, rank: rank(id, port), reason)
    }
  }

  /// The slots of an axis of a node's operand; nil where it has none.
  func slots(_ id: NodeID, _ axis: Axis) -> Range<Int>? {
    space.slots(facts.graph, id, axis)
  }
}
