internal import IR
internal import Rewriting

/// A node whose results nothing reads goes.
struct RemoveDeadCode: FusionRule {
  static let name = "remove-dead-code"
  static let summary = "nodes and constants that nothing reads go"
  static let roots: [String] = []

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    let outputs = net.graph[id].outputs.compactMap { $0 }
    guard outputs.allSatisfy({ net.graph[$0].uses.isEmpty }) else { return .noMatch }
    net.remove(id)
    return .applied("nothing reads its results")
  }
}
