package import IR

/// Which nodes of two main graphs correspond.
package struct MatchedNodes: Sendable {
  /// Two nodes that correspond.
  package struct Pair: Sendable {
    package let a: NodeID
    package let b: NodeID
    package let labelA: String
    package let labelB: String
  }

  package var pairs: [Pair] = []
  package var removed: [NodeID] = []
  package var inserted: [NodeID] = []
}

/// Which nodes of two models' main graphs correspond, constants left out.
package func matchedNodes(_ a: Model, _ b: Model) -> MatchedNodes {
  let x = DiffGraph(a.graph, opsets: a.opsetImports)
  let y = DiffGraph(b.withPorts(inOrderOf: a).graph, opsets: b.opsetImports)
  let matcher = Matcher(x, y)
  var found = MatchedNodes()
  for (item, other) in matcher.counterpart.enumerated() {
    let id = x.items[item].id
    if let other {
      found.pairs.append(
        .init(a: id, b: y.items[other].id, labelA: x.label(item), labelB: y.label(other)))
    } else {
      found.removed.append(id)
    }
  }
  found.inserted = matcher.origin.enumerated().filter { $0.element == nil }
    .map { y.items[$0.offset].id }
  return found
}

/// What a report says of nodes, by their labels.
package struct NodeStates {
  private var changedA: Set<String> = []
  private var changedB: Set<String> = []

  package init(_ report: DiffReport) {
    for hunk in report.hunks where report.counts(hunk) && hunk.path.isEmpty {
      if let a = hunk.a { changedA.insert(DiffHunk.node(a)) }
      if let b = hunk.b { changedB.insert(DiffHunk.node(b)) }
    }
  }

  /// `same` or `changed`.
  package func first(_ label: String) -> String { changedA.contains(label) ? "changed" : "same" }
  /// `same` or `changed`.
  package func second(_ label: String) -> String { changedB.contains(label) ? "changed" : "same" }
}

extension DiffHunk {
  /// The node of a place: `Conv 'c'` of `Conv 'c', input 1 'w'`.
  static func node(_ place: String) -> String {
    for word in ["', input ", "', output "] {
      if let range = place.firstRange(of: word) { return place[..<range.lowerBound] + "'" }
    }
    return place
  }
}
