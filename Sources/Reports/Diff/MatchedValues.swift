package import IR

/// A value of one graph and the one of another that stands for it.
package struct MatchedValue: Sendable {
  /// The value in the first graph.
  package let a: ValueID
  /// The value in the second.
  package let b: ValueID
  /// The node whose result it is in the first graph.
  package let label: String
}

/// Results of nodes that correspond in two models' main graphs, in the first one's order.
package func matchedValues(_ a: Model, _ b: Model) -> [MatchedValue] {
  let x = DiffGraph(a.graph, opsets: a.opsetImports)
  let y = DiffGraph(b.withPorts(inOrderOf: a).graph, opsets: b.opsetImports)
  let matcher = Matcher(x, y)
  var found: [MatchedValue] = []
  for (item, other) in matcher.counterpart.enumerated() {
    guard let other else { continue }
    let outputs = (x.graph[x.items[item].id].outputs, y.graph[y.items[other].id].outputs)
    for (p, q) in zip(outputs.0, outputs.1) {
      if let p, let q { found.append(MatchedValue(a: p, b: q, label: x.label(item))) }
    }
  }
  return found
}
