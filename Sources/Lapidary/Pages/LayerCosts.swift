internal import IR
internal import Operators
internal import Reports

/// Multiply-accumulates and bytes of weights by layer, in a model and in what became of it. Layers
/// correspond by their labels, which stages keep.
struct LayerCosts {
  private let macs: [(name: String, before: Int, after: Int)]
  private let bytes: [(name: String, before: Int, after: Int)]

  /// Layers that a chart shows.
  private static let shown = 40

  init(_ before: Model, _ after: Model) {
    macs = Self.joined(Self.macs(before), Self.macs(after))
    bytes = Self.joined(Self.bytes(before), Self.bytes(after))
  }

  /// Both as charts, the largest layers in the order of the graph.
  var charts: [BarChart] {
    [("MACs by layer", macs), ("Bytes of weights by layer", bytes)].compactMap { title, rows in
      guard !rows.isEmpty else { return nil }
      let least = rows.map { max($0.before, $0.after) }.sorted(by: >).prefix(Self.shown).last ?? 0
      let shown = rows.filter { max($0.before, $0.after) >= least }.prefix(Self.shown)
      let rest = rows.count - shown.count
      return BarChart(
        title + (rest > 0 ? ", without the \(rest) smallest" : ""), series: ["before", "after"],
        rows: shown.map { row in
          (
            row.name,
            [row.before, row.after].map { (Double($0), Cell.short($0).text()) }
          )
        })
    }
  }

  private static func joined(
    _ before: [(String, Int)], _ after: [(String, Int)]
  ) -> [(name: String, before: Int, after: Int)] {
    let found = Dictionary(after, uniquingKeysWith: +)
    return before.map { ($0.0, $0.1, found[$0.0] ?? 0) }.filter { $0.before > 0 }
  }

  private static func macs(_ model: Model) -> [(String, Int)] {
    guard let cost = try? CostReport(model) else { return [] }
    return cost.nodes.compactMap { node in node.macs.map { (node.label, $0) } }
  }

  /// Bytes of initializers by the node that reads them, behind what only dequantizes.
  private static func bytes(_ model: Model) -> [(String, Int)] {
    guard let facts = try? inferTypes(model) else { return [] }
    let graph = model.graph
    var sums: [NodeID: Int] = [:]
    for id in graph.initializers {
      var reader = graph[id].uses.compactMap(\.node).min()
      while let node = reader, facts.op(node) is any LinearQuantization,
        let output = graph[node].outputs.first ?? nil
      {
        reader = graph[output].uses.compactMap(\.node).min()
      }
      if let reader { sums[reader, default: 0] += graph[id].initializer?.byteCount ?? 0 }
    }
    return graph.nodeIDs.compactMap { id in sums[id].map { (graph.label(id), $0) } }
  }
}
