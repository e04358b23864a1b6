internal import IR

/// The order of nodes in a file, which need not be that of their values: runtimes sort them.
enum NodeOrder {
  /// The nodes in an order in which values are computed before they are read, and as near to the
  /// given one as that allows; nil when they are in such an order already, or when none exists.
  ///
  /// - Parameter captured: the values that a node's subgraphs read.
  static func sorted(_ nodes: [Node], captured: (Node) -> [ValueID]) -> [Node]? {
    var producers: [ValueID: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs.compactMap({ $0 }) where producers[output] == nil {
        producers[output] = index
      }
    }
    let sources = nodes.map { node in
      (node.inputs.compactMap { $0 } + captured(node)).compactMap { producers[$0] }
    }
    guard sources.enumerated().contains(where: { index, list in list.contains { $0 >= index } })
    else { return nil }
    return order(sources).map { $0.map { nodes[$0] } }
  }

  /// Each node after its sources, which come right before the first that needs them; nil when one
  /// needs itself.
  private static func order(_ sources: [[Int]]) -> [Int]? {
    enum State { case waiting, open, done }
    var states = [State](repeating: .waiting, count: sources.count)
    var result: [Int] = []
    for root in sources.indices where states[root] == .waiting {
      // Depth first without recursion: a chain may be as long as the file.
      var path: [(node: Int, next: Int)] = [(root, 0)]
      states[root] = .open
      while let (node, next) = path.last {
        guard next < sources[node].count else {
          states[node] = .done
          result.append(node)
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let source = sources[node][next]
        switch states[source] {
        case .done: break
        case .open: return nil
        case .waiting:
          states[source] = .open
          path.append((source, 0))
        }
      }
    }
    return result
  }
}

/// What a decoder puts right as it reads, for the notes of reports.
final class ReadingNotes {
  private(set) var lines: [String] = []

  func add(_ line: String) { if !lines.contains(line) { lines.append(line) } }
}
