package import IR

/// Which nodes are looked at again.
extension Rewriter {
  /// Puts every node on the list, in order of execution.
  package mutating func queueAll() { for id in graph.nodeIDs { touch(id) } }

  /// The next node to look at.
  package mutating func nextNode() -> NodeID? { worklist.take(in: graph) }

  /// Marks a node to be looked at again.
  package mutating func touch(_ id: NodeID) { worklist.add(id) }

  /// Marks the node that produces a value and those that read it.
  mutating func touchAround(_ value: ValueID) {
    if let producer = graph[value].producer { touch(producer) }
    // A value with very many readers is a shared constant: its readers have no stake in each other.
    for use in graph[value].uses.prefix(64) { if let node = use.node { touch(node) } }
  }

  /// Learns anew what a changed node computes, and marks it and those around it.
  mutating func changed(_ id: NodeID) {
    learn(id)
    touch(id)
    for input in graph[id].inputs.compactMap({ $0 }) where graph.constant(input) == nil {
      touchAround(input)
    }
    for output in graph[id].outputs.compactMap({ $0 }) { touchAround(output) }
  }

  /// Makes room for nodes and values that have been added.
  mutating func extendTables() {
    known.extend(to: graph.valueCount)
    while operators.count < graph.nodeTable.count {
      operators.append(nil)
      worklist.extend()
      position.append(0)
    }
  }
}
