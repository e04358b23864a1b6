internal import IR

/// What nodes have absorbed, which their metadata tell.
struct Histories {
  /// The key of the metadata that says what a node has absorbed.
  private static let key = "lapidary.fused"

  /// By the label under which a node may be absorbed in turn.
  private var byLabel: [String: String] = [:]

  /// What the nodes of a graph have absorbed so far.
  init(of graph: Graph) {
    for id in graph.nodeIDs {
      if let history = Self.history(graph[id]) { byLabel[graph.label(id)] = history }
    }
  }

  /// Notes in a node's metadata which nodes a rule absorbed into it, and what these had absorbed.
  mutating func record(
    _ rule: String, of absorbed: [String], into survivor: NodeID, _ graph: inout Graph
  ) {
    let entries = absorbed.flatMap { label in
      [byLabel[label], "\(rule): \(label)"].compactMap { $0 }
    }
    guard !entries.isEmpty else { return }
    let text = entries.joined(separator: "; ")
    if let place = graph[survivor].metadata.firstIndex(where: { $0.key == Self.key }) {
      let old = graph[survivor].metadata[place].value ?? ""
      graph[survivor].metadata[place].value = "\(old); \(text)"
    } else {
      graph[survivor].metadata.append(MetadataEntry(key: Self.key, value: text))
    }
    byLabel[graph.label(survivor)] = Self.history(graph[survivor])
  }

  private static func history(_ node: Node) -> String? {
    node.metadata.first { $0.key == key }?.value
  }
}
