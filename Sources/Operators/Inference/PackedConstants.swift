package import IR

/// Constants that are stored in few bits, with a node that makes wider integers of them.
extension TypedGraph {
  /// The type that a value's constant is stored in where a node widens it; nil for all other values.
  package func packedType(of value: ValueID) -> ElementType? {
    guard let node = graph[value].producer, EncodingNodes.isCast(graph[node]),
      let source = graph[node].inputs.first ?? nil,
      let stored = graph.constant(source)?.elementType, stored.isPacked
    else { return nil }
    return stored
  }

  /// The constant that a value is, stored as it is or in few bits; nil where it depends on inputs.
  package func unpackedConstant(_ value: ValueID) -> Tensor? {
    if let known = graph.constant(value) { return known }
    guard packedType(of: value) != nil, let node = graph[value].producer, let op = op(node) else {
      return nil
    }
    let inputs = graph[node].inputs.map { $0.flatMap { graph.constant($0) } }
    return try? evaluateConstant(op, label: graph.label(node), inputs: inputs, outputs: 1)?.first
  }
}

extension ElementType {
  /// Whether several elements share a byte.
  package var isPacked: Bool { bitWidth.map { $0 < 8 } ?? false }
}
