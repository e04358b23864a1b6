internal import IR

extension Graph {
  /// Turns every initializer into a Constant node, for the body of a function, which has no place
  /// for initializers.
  mutating func initializersToNodes() {
    let first = nodeIDs.first
    for id in initializers {
      guard let tensor = self[id].initializer else { continue }
      setInitializer(id, nil)
      let node = Node(
        "Constant", inputs: [], outputs: [id], attributes: [Attribute("value", .tensor(tensor))])
      if let first { add(node, before: first) } else { add(node) }
    }
  }
}
