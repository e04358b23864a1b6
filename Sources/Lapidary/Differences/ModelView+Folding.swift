internal import IR
internal import Passes
internal import Reports

extension ModelView {
  /// Rules that move nodes into the weights of the layer before them, and what these need.
  private static let folding = [
    "constants-to-initializers", "remove-identities", "fold-batch-normalization",
    "fold-scale-shift",
  ]

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
