internal import IR
internal import Operators

/// The body of a function has no place for initializers: its constants are nodes. Rules look for
/// initializers, so constants change their form before and after.
extension Graph {
  /// Turns nodes that hold a constant into initializers.
  ///
  /// - Returns: the nodes, by the values that they gave.
  mutating func nodesToInitializers(_ opsets: [OpsetImport]) -> [ValueID: Node] {
    var nodes: [ValueID: Node] = [:]
    for id in nodeIDs {
      let node = self[id]
      guard node.inputs.isEmpty, let output = node.outputs.first ?? nil, !isOutput(output),
        !node.attributes.contains(where: \.isReference),
        let version = opsets.version(of: node.op.domain),
        let op = (try? Registry.make(node.op, opset: version, NodeView(self, id))) ?? nil,
        let tensor = op.constantValue, tensor.storage != nil
      else { continue }
      nodes[output] = node
      remove(id)
      setInitializer(output, tensor)
    }
    return nodes
  }

  /// Turns every initializer into a node: into the one that it was, where it has not changed.
  mutating func initializersToNodes(_ nodes: [ValueID: Node]) {
    let first = nodeIDs.first
    for id in initializers {
      guard let tensor = self[id].initializer else { continue }
      setInitializer(id, nil)
      var node = Emit.constant(tensor, into: id)
      if let old = nodes[id] {
        node.name = old.name
        node.docString = old.docString
        node.metadata = old.metadata
        node.extras = old.extras
      }
      add(node, before: first)
    }
  }
}
