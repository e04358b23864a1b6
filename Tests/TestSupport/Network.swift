package import IR

/// Builds small graphs for tests. `prefix` goes in front of every name but those of the graph's inputs
/// and outputs, which are its interface.
package struct Network {
  /// The graph so far.
  package var graph = Graph(name: "net")
  /// What goes in front of every name inside.
  package var prefix: String
  /// Weights by name, changed before they are added.
  package var changedWeights: [String: (inout [Float]) -> Void] = [:]
  /// Weights by name that become Constant nodes.
  package var constantNodes: Set<String> = []
  /// Attributes that replace those of the node called so.
  package var attributes: [String: [Attribute]] = [:]

  /// An empty graph.
  package init(prefix: String = "") { self.prefix = prefix }

  /// A float input of the graph.
  package mutating func input(_ name: String, _ shape: [Dimension]) -> ValueID {
    let type = ValueType.tensor(TensorType(.float, Shape(shape)))
    let id = graph.addFreshValue(name, type: type)
    graph.addInput(ValueInfo(id, type: type))
    return id
  }

  /// Makes a value a float output of the graph; without a shape its type is left open.
  package mutating func output(_ id: ValueID, _ shape: [Dimension]? = nil) {
    let port = prefix.isEmpty ? id : withoutPrefix(id)
    graph.addOutput(ValueInfo(port, type: shape.map { .tensor(TensorType(.float, Shape($0))) }))
  }

  /// Gives a node's output its name without the prefix.
  private mutating func withoutPrefix(_ id: ValueID) -> ValueID {
    for node in graph.nodeIDs {
      guard let slot = graph[node].outputs.firstIndex(of: id) else { continue }
      let port = graph.addFreshValue(String(graph[id].name.dropFirst(prefix.count)))
      graph.replaceInputs(of: id, with: port)
      graph.setOutput(node, slot: slot, to: port)
      return port
    }
    return id
  }

  /// A weight with reproducible elements that depend on the seed.
  package mutating func weight(_ name: String, _ shape: [Int], seed: Int) -> ValueID {
    var values = (0..<shape.reduce(1, *)).map { index in
      Float((index * 37 + seed * 101) % 211) / 105.5 - 1
    }
    changedWeights[name]?(&values)
    return constant(name, Tensor(floats: values, shape))
  }

  /// A constant: an initializer, or a Constant node where `constantNodes` says so.
  package mutating func constant(_ name: String, _ tensor: Tensor) -> ValueID {
    guard constantNodes.contains(name) else { return graph.addInitializer(prefix + name, tensor) }
    let id = graph.addFreshValue(prefix + name)
    graph.add(
      Node(
        "Constant", name: prefix + name, inputs: [], outputs: [id],
        attributes: [Attribute("value", .tensor(tensor))]))
    return id
  }

  /// A node with one output, called like the node with `_out` behind.
  package mutating func node(
    _ type: String, _ name: String, _ inputs: [ValueID?], _ list: [Attribute] = []
  ) -> ValueID {
    nodes(type, name, inputs, list, outputs: 1)[0]
  }

  /// A node with several outputs; those after the first end in `_out_2`, `_out_3`, ….
  package mutating func nodes(
    _ type: String, _ name: String, _ inputs: [ValueID?], _ list: [Attribute] = [],
    domain: String? = nil, outputs count: Int
  ) -> [ValueID] {
    let outputs = (0..<count).map { _ in graph.addFreshValue(prefix + name + "_out") }
    graph.add(
      Node(
        type, domain: domain, name: prefix + name, inputs: inputs, outputs: outputs,
        attributes: attributes[name] ?? list))
    return outputs
  }

  /// The model around the graph.
  package func model(opset: Int = 17, irVersion: Int = 8) -> Model {
    var graph = graph
    graph.initializersAreConstant = irVersion < 4
    return Model(graph: graph, irVersion: irVersion, opset: opset)
  }
}
