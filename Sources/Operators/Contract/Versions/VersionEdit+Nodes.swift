package import IR

/// New nodes around the one that an edit stands at.
extension VersionEdit {
  /// Adds a node before this one.
  ///
  /// - Returns: its output.
  package mutating func before(
    _ type: String, _ inputs: [ValueID?], _ attributes: [Attribute] = [],
    as result: TensorType = .unknown
  ) -> ValueID {
    let suffix = type.lowercased()
    let output = graph.addFreshValue(
      free(stem(suffix)), type: result == .unknown ? nil : .tensor(result))
    graph.add(made(type, suffix, inputs, output, attributes), before: node)
    isChanged = true
    return output
  }

  /// Adds a node behind output 0, which from then on gives what the new node makes of it.
  ///
  /// - Parameter inputs: what the new node reads behind this one's result.
  package mutating func after(
    _ type: String, _ inputs: [ValueID?], _ attributes: [Attribute] = [],
    of result: TensorType = .unknown
  ) {
    guard let output = graph[node].outputs[safe: 0] ?? nil else { return }
    let suffix = type.lowercased()
    let inner = graph.addFreshValue(
      free(stem("before_\(suffix)")), type: result == .unknown ? nil : .tensor(result))
    graph.setOutput(node, slot: 0, to: inner)
    graph.add(made(type, suffix, [inner] + inputs, output, attributes), after: node)
    isChanged = true
  }

  private mutating func made(
    _ type: String, _ suffix: String, _ inputs: [ValueID?], _ output: ValueID,
    _ attributes: [Attribute]
  ) -> Node {
    VersionNodes.made(
      type, name: graph[node].name.map { freeNode("\($0)/\(suffix)") }, inputs, output, attributes)
  }

  /// A name that no node has.
  private mutating func freeNode(_ stem: String) -> String {
    var names = nodeNames ?? Set(graph.nodeIDs.compactMap { graph[$0].name })
    var (name, number) = (stem, 2)
    while !names.insert(name).inserted {
      name = "\(stem)_\(number)"
      number += 1
    }
    nodeNames = names
    return name
  }
}
