package import IR
internal import Operators

/// A value of one graph and the one of another that stands for it.
package struct MatchedValue: Sendable {
  /// The value in the first graph.
  package let a: ValueID
  /// The value in the second.
  package let b: ValueID
  /// The node whose result it is in the first graph.
  package let label: String
  /// Where the indices along an axis of the second value lie in the first, for axes along which channels
  /// were removed or reordered.
  package var channels: [Int: ChannelMap] = [:]
}

/// Results of nodes that correspond in two models' main graphs, in the first one's order.
package func matchedValues(_ a: Model, _ b: Model) -> [MatchedValue] {
  let b = b.withPorts(inOrderOf: a)
  let x = DiffGraph(a.graph, opsets: a.opsetImports)
  let y = DiffGraph(b.graph, opsets: b.opsetImports)
  let matcher = Matcher(x, y)
  var correspondence: Correspondence?
  if let p = try? inferTypes(a), let q = try? inferTypes(b) {
    correspondence = Correspondence(x, y, matcher, (p, q))
  }
  var found: [MatchedValue] = []
  for (item, other) in matcher.counterpart.enumerated() {
    guard let other else { continue }
    let outputs = (x.graph[x.items[item].id].outputs, y.graph[y.items[other].id].outputs)
    for (slot, (p, q)) in zip(outputs.0, outputs.1).enumerated() {
      guard let p, let q else { continue }
      found.append(
        MatchedValue(
          a: p, b: q, label: x.label(item),
          channels: correspondence?.moved(.result(item: other, output: slot)) ?? [:]))
    }
  }
  return found
}
