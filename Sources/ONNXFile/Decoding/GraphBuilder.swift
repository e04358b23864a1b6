internal import IR

/// Puts a graph together from names, as files give them: a value exists from the first mention of
/// its name, wherever that is.
struct GraphBuilder {
  private(set) var graph = Graph()

  /// The value called `name`.
  mutating func value(_ name: String) -> ValueID {
    graph.value(named: name) ?? graph.addValue(named: name)!
  }

  mutating func update(_ body: (inout Graph) -> Void) { body(&graph) }

  mutating func addInitializer(_ name: String, _ tensor: Tensor) throws(ModelError) {
    let id = value(name)
    guard graph[id].initializer == nil else {
      throw ModelError(.invalid, "expected one tensor of this name, found another")
    }
    graph.setInitializer(id, tensor)
  }

  mutating func addInput(
    _ name: String, _ info: (ValueID) throws(ModelError) -> ValueInfo
  ) throws(ModelError) {
    guard !name.isEmpty else {
      throw ModelError(.invalid, "input \(graph.inputs.count): expected a name, found none")
    }
    let id = value(name)
    guard !graph.isInput(id) else {
      throw ModelError(
        .invalid, "input '\(name)': expected inputs with different names, found two of this one")
    }
    graph.addInput(try info(id))
  }

  mutating func addOutput(
    _ name: String, _ info: (ValueID) throws(ModelError) -> ValueInfo
  ) throws(ModelError) {
    guard !name.isEmpty else {
      throw ModelError(.invalid, "output \(graph.outputs.count): expected a name, found none")
    }
    graph.addOutput(try info(value(name)))
  }

  /// Adds a node whose inputs and outputs are values of this graph.
  mutating func add(_ node: Node) throws(ModelError) {
    var seen: Set<ValueID> = []
    for output in node.outputs.compactMap({ $0 }) {
      if let other = graph[output].producer {
        throw ModelError(
          .invalid,
          "\(label(node)), output '\(graph[output].name)': expected a name of its own, found the"
            + " output of \(graph.label(other))")
      }
      guard seen.insert(output).inserted else {
        throw ModelError(
          .invalid,
          "\(label(node)), output '\(graph[output].name)': expected a name of its own, found it"
            + " twice in the node")
      }
    }
    // What a subgraph reads and this graph does not define is captured from further out.
    for name in node.subgraphs.flatMap(\.freeNames) { _ = value(name) }
    graph.add(node)
  }

  /// How messages name a node that is not in the graph yet, in the manner of `Graph.label`.
  func label(_ node: Node) -> String {
    if let name = node.name, !name.isEmpty { return "\(node.op) '\(name)'" }
    let output = node.outputs.compactMap { $0 }.first.map { graph[$0].name } ?? ""
    return "\(node.op) of '\(output)'"
  }
}
