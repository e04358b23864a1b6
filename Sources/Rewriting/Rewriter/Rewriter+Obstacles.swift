package import IR

/// What stands in the way of an edit.
extension Rewriter {
  /// Why two nodes cannot become one over `value`, which the first produces for the second; nil
  /// when they can.
  package func obstacle(over value: ValueID) -> String? { obstacle(over: value, readers: nil) }

  /// Why a value between nodes that become one cannot go: somebody else sees it.
  ///
  /// - Parameter readers: the nodes that may read it; nil for one use, whoever's it is.
  package func obstacle(over value: ValueID, readers: Set<NodeID>?) -> String? {
    let name = graph[value].name
    if graph.isOutput(value) { return "'\(name)' is also a graph output" }
    if graph.isCaptured(value) { return "a subgraph reads '\(name)'" }
    let uses = graph[value].uses
    if let readers {
      let others = uses.filter { $0.node.map { !readers.contains($0) } ?? true }
      return others.isEmpty ? nil : "'\(name)' has \(uses.count) readers"
    }
    return uses.count > 1 ? "'\(name)' has \(uses.count) readers" : nil
  }
}
