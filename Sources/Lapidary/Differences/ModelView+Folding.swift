internal import IR
internal import Passes
internal import Reports

extension ModelView {
  /// Rules that move nodes into the weights of the layer before them, and what these need.
  private static let folding = [
    "constants-to-initializers", "remove-identities", "fold-batch-normalization",
    "fold-scale-shift",
  ]

  /// Rules that give layers their biases where these were added behind them.
  private static let joining = [
    "constants-to-initializers", "fold-constants", "fold-scale-shift", "matmul-add",
    "simplify-gemm",
    "remove-dead-code",
  ]

  /// Gives layers their biases where these stand behind them. What was noted of a node that goes is noted
  /// of the one that takes its place.
  mutating func join() {
    guard let passes = try? Simplify.passes(FusionOptions(only: Self.joining)) else { return }
    var copy = model
    guard (try? PassManager(passes).run(&copy)) != nil else { return }
    let before = model.graph
    func heir(_ id: NodeID) -> NodeID {
      var id = id
      while !copy.graph.contains(id), before.contains(id),
        let output = before[id].outputs.first ?? nil, let next = before.onlyConsumer(of: output)
      {
        id = next
      }
      return id
    }
    notes = notes.map { Note(heir($0.node), $0.kind) }
    ranges = Dictionary(ranges.map { (heir($0.key), $0.value) }) { first, _ in first }
    for id in copy.graph.nodeIDs {
      copy.graph[id].metadata = before.contains(id) ? before[id].metadata : []
    }
    model = copy
    model.straightenProducts()
  }

  /// Folds what goes into the weights of layers, and notes what did.
  ///
  /// - Returns: how many nodes were folded in; 0 where the model cannot be simplified.
  mutating func fold() -> Int {
    var copy = model
    guard let passes = try? Simplify.passes(FusionOptions(only: Self.folding)),
      let reports = try? PassManager(passes).run(&copy)
    else { return 0 }
    let applied = reports.flatMap(\.applied).filter { $0.rule.hasPrefix("fold-") }
    guard !applied.isEmpty else { return 0 }
    // What a layer took in stands in its metadata, behind what stood there before.
    for id in copy.graph.nodeIDs {
      let key = "lapidary.fused"
      let before = model.graph.nodeIDs.contains(id) ? model.graph[id].metadata : []
      let old = before.first { $0.key == key }?.value ?? ""
      guard let new = copy.graph[id].metadata.first(where: { $0.key == key })?.value, new != old
      else { continue }
      for record in new.dropFirst(old.count).split(separator: ";") {
        guard let colon = record.firstRange(of: ": ") else { continue }
        notes.append(Note(id, .folded(String(record[colon.upperBound...]))))
      }
      copy.graph[id].metadata = before
    }
    model = copy
    return applied.count
  }
}
