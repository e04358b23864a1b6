internal import IR

/// Names of the nodes that a writer inserts: short ones, numbered. In a small network the names of
/// its quantizers would take more bytes than its weights, if each repeated the name of its value;
/// that stands in what the node reads and writes.
struct InsertedNames {
  private var taken: Set<String>
  private var numbers: [String: Int] = [:]

  init(_ graph: Graph) {
    taken = Set(graph.nodeIDs.compactMap { graph[$0].name })
  }

  /// A name that no node has yet: `quantize_1`, `quantize_2` and so on.
  mutating func node(_ stem: String) -> String {
    while true {
      let number = numbers[stem, default: 0] + 1
      numbers[stem] = number
      let name = "\(stem)_\(number)"
      if taken.insert(name).inserted { return name }
    }
  }
}
