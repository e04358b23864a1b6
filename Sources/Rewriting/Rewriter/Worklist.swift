internal import IR

/// The nodes that rules have to look at, in the order in which they came up, each once.
struct Worklist {
  private var queue: [NodeID] = []
  private var next = 0
  private var isQueued: [Bool]

  /// An empty list for a graph of so many nodes.
  init(nodes: Int) { isQueued = Array(repeating: false, count: nodes) }

  /// Makes room for one more node.
  mutating func extend() { isQueued.append(false) }

  /// Puts a node on the list, where it is not there already.
  mutating func add(_ id: NodeID) {
    guard !isQueued[id.index] else { return }
    isQueued[id.index] = true
    queue.append(id)
  }

  /// Takes the next node that the graph still has off the list.
  mutating func take(in graph: borrowing Graph) -> NodeID? {
    while next < queue.count {
      let id = queue[next]
      next += 1
      isQueued[id.index] = false
      if graph.contains(id) { return id }
    }
    queue.removeAll(keepingCapacity: true)
    next = 0
    return nil
  }
}
