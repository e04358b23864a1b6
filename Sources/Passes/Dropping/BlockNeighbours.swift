internal import IR
internal import Kernels
internal import Operators

/// The layers that make up for a dropped block: the last one before it and those that read what stands for
/// its result now.
struct BlockNeighbours {
  private let joint: ValueID
  private let readers: Set<NodeID>

  /// Nodes that are looked through for layers.
  private static let most = 64

  init(_ block: ResidualBlock, _ descent: Descent) {
    joint = block.takesName ? block.result : block.entry
    let facts = descent.facts, graph = facts.graph
    var readers: Set<NodeID> = [], seen: Set<NodeID> = [], pending = [joint]
    while let value = pending.popLast(), seen.count < Self.most {
      for node in graph[value].uses.compactMap(\.node) where seen.insert(node).inserted {
        if facts.isLayer(node) {
          readers.insert(node)
        } else if !facts.isSum(node) {
          pending += graph[node].outputs.compactMap { $0 }
        }
      }
    }
    self.readers = readers
  }

  func contains(_ site: FitSite) -> Bool {
    site.target.own == joint || readers.contains(site.node)
  }
}

extension TypedGraph {
  /// Whether a node is linear in a constant weight.
  fileprivate func isLayer(_ id: NodeID) -> Bool {
    guard let form = op(id)?.linear(inputs(id)), form.kind != .scaling,
      let weight = graph[id].inputs[safe: form.weight] ?? nil
    else { return false }
    return constant(weight) != nil
  }

  /// Whether a node adds what another way made: what reads that is no neighbour.
  fileprivate func isSum(_ id: NodeID) -> Bool {
    guard let sum = op(id) as? any BroadcastBinary, sum.function == .add else { return false }
    return graph[id].inputs.allSatisfy { $0.map { constant($0) == nil } ?? false }
  }
}
