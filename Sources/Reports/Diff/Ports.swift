package import IR

extension Model {
  /// The model with the inputs and outputs of its graph in another model's order, where both have the
  /// same ones: callers find them by name, so that an order is no reason to pair one with another.
  package func withPorts(inOrderOf other: Model) -> Model {
    var result = self
    if let inputs = graph.ordered(graph.openInputs, as: other.graph.openInputs, of: other.graph) {
      result.graph.setInputs(graph.inputs.filter { graph.constant($0.value) != nil } + inputs)
    }
    if let outputs = graph.ordered(graph.outputs, as: other.graph.outputs, of: other.graph) {
      result.graph.setOutputs(outputs)
    }
    return result
  }
}

extension Graph {
  /// Ports in the order of another graph's; nil where they are in that order, or others.
  fileprivate func ordered(
    _ ports: [ValueInfo], as others: [ValueInfo], of other: Graph
  ) -> [ValueInfo]? {
    let names = others.map { other[$0.value].name }
    guard ports.count == names.count, ports.map({ self[$0.value].name }) != names else {
      return nil
    }
    let byName = Dictionary(ports.map { (self[$0.value].name, $0) }) { first, _ in first }
    guard byName.count == ports.count else { return nil }
    let found = names.compactMap { byName[$0] }
    return found.count == names.count && Set(names).count == names.count ? found : nil
  }
}

extension DiffReport {
  /// Says which ports stand elsewhere in a second graph that has the same ones.
  mutating func compareOrder(_ what: String, _ a: [String], _ b: [String]) {
    guard a != b, a.sorted() == b.sorted() else { return }
    let moved = a.indices.filter { a[$0] != b[$0] }
    func list(_ names: [String]) -> String {
      moved.prefix(Self.portsShown).map { names[$0] }.joined(separator: ", ")
        + (moved.count > Self.portsShown ? ", …" : "")
    }
    let place = "graph \(what)s"
    hunks.append(
      DiffHunk(
        kind: .io, path: [], a: place, b: place,
        change: .text("order", from: list(a), to: list(b))))
  }

  private static let portsShown = 8
}
