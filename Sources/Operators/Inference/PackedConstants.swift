package import IR

/// A constant that is stored in few bits, with a node that makes wider integers of it.
package struct PackedConstant: Sendable {
  /// The node that widens it.
  package let node: NodeID
  /// What is stored.
  package let source: ValueID
  /// The type that it is stored in.
  package let type: ElementType
  /// What the node makes of it.
  package let value: ValueID
  /// The same as a constant.
  package let tensor: Tensor
}

extension TypedGraph {
  /// The constants that are stored in few bits, in order of the nodes that widen them.
  package var packedConstants: [PackedConstant] { graph.nodeIDs.compactMap { packedConstant($0) } }

  /// The constant that a value is, stored as it is or in few bits; nil where it depends on inputs.
  package func unpackedConstant(_ value: ValueID) -> Tensor? {
    graph.constant(value)
      ?? graph[value].producer.flatMap { packedConstant($0) }?.tensor
  }

  private func packedConstant(_ node: NodeID) -> PackedConstant? {
    guard EncodingNodes.isCast(graph[node]), let op = op(node),
      let source = graph[node].inputs.first ?? nil, let value = graph[node].outputs.first ?? nil,
      let stored = graph.constant(source), stored.elementType.isPacked,
      let made = try? evaluateConstant(
        op, label: graph.label(node), inputs: [stored], outputs: 1)?.first
    else { return nil }
    return PackedConstant(
      node: node, source: source, type: stored.elementType, value: value, tensor: made)
  }
}

extension ElementType {
  /// Whether several elements share a byte.
  package var isPacked: Bool { bitWidth.map { $0 < 8 } ?? false }
}
