public import IR
public import Reports

/// What Google's Model Explorer can be given beside two models: which nodes correspond, for moving in
/// both at once, and what became of each, as node data.
///
/// A node is called by its name, or by its first output where it has none.
public struct ModelExplorerFiles: Sendable {
  /// The mapping of nodes: `sync_navigation` data.
  public let mapping: JSONValue
  /// Node data of the first model.
  public let first: JSONValue
  /// Node data of the second.
  public let second: JSONValue

  /// Says what the matching of a comparison found.
  public init(_ report: DiffReport, _ a: Model, _ b: Model) {
    let views = report.isByLayer ? ModelDiff.views(a, b) : (ModelView(a), ModelView(b))
    let nodes = matchedNodes(views.0.model, views.1.model)
    let states = NodeStates(report)
    mapping = .object([
      "type": .string("sync_navigation"),
      "mapping": .object(
        nodes.pairs.map { pair in
          .init(
            key: Self.name(pair.a, a.graph), value: .string(Self.name(pair.b, b.graph)))
        }),
      "disableMappingFallback": .bool(true),
    ])
    first = Self.data(
      nodes.pairs.map { ($0.a, states.first($0.labelA)) } + nodes.removed.map { ($0, "removed") },
      a.graph)
    second = Self.data(
      nodes.pairs.map { ($0.b, states.second($0.labelB)) }
        + nodes.inserted.map { ($0, "inserted") },
      b.graph)
  }

  private static let colours = [
    ("same", "#e6eaf0"), ("changed", "#f2c14e"), ("removed", "#e07a70"), ("inserted", "#7cc48a"),
  ]

  private static func data(_ nodes: [(id: NodeID, state: String)], _ graph: Graph) -> JSONValue {
    let results = nodes.map { node in
      JSONValue.Member(
        key: name(node.id, graph), value: .object(["value": .string(node.state)]))
    }
    let styles = colours.map { state, colour in
      JSONValue.Member(
        key: state, value: .object(["bgColor": .string(colour)]))
    }
    return .object([
      "results": .object(results), "valueToStyle": .object(styles),
    ])
  }

  private static func name(_ id: NodeID, _ graph: Graph) -> String {
    if let name = graph[id].name, !name.isEmpty { return name }
    return graph[id].outputs.compactMap { $0 }.first.map { graph[$0].name } ?? ""
  }

  /// Writes the mapping to a file and the node data beside it, as `NAME.a.json` and `NAME.b.json`.
  public func write(to path: String) throws(ModelError) {
    let stem = path.hasSuffix(".json") ? String(path.dropLast(5)) : path
    try TextFile.write(Array(mapping.text.utf8), to: path)
    try TextFile.write(Array(first.text.utf8), to: stem + ".a.json")
    try TextFile.write(Array(second.text.utf8), to: stem + ".b.json")
  }
}
