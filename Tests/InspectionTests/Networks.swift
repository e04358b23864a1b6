import IR

/// Small graphs to compare. `prefix` goes in front of every name, `edit` sees each weight.
struct Network {
  var graph = Graph(name: "net")
  var prefix = ""
  /// Weights by name, changed before they are added.
  var changedWeights: [String: (inout [Float]) -> Void] = [:]
  /// Weights by name that become Constant nodes.
  var constantNodes: Set<String> = []
  /// Attributes that replace those of the node called so.
  var attributes: [String: [Attribute]] = [:]

  mutating func input(_ name: String, _ shape: [Dimension]) -> ValueID {
    let type = ValueType.tensor(TensorType(.float, Shape(shape)))
    let id = graph.addFreshValue(prefix + name, type: type)
    graph.addInput(ValueInfo(id, type: type))
    return id
  }

  mutating func output(_ id: ValueID, _ shape: [Dimension]) {
    graph.addOutput(ValueInfo(id, type: .tensor(TensorType(.float, Shape(shape)))))
  }

  /// A weight with reproducible elements that depend on the seed.
  mutating func weight(_ name: String, _ shape: [Int], seed: Int) -> ValueID {
    var values = (0..<shape.reduce(1, *)).map { index in
      Float((index * 37 + seed * 101) % 211) / 105.5 - 1
    }
    changedWeights[name]?(&values)
    let tensor = Tensor(floats: values, shape)
    guard constantNodes.contains(name) else { return graph.addInitializer(prefix + name, tensor) }
    let id = graph.addFreshValue(prefix + name)
    graph.add(
      Node(
        "Constant", name: prefix + name, inputs: [], outputs: [id],
        attributes: [Attribute("value", .tensor(tensor))]))
    return id
  }

  mutating func node(
    _ type: String, _ name: String, _ inputs: [ValueID?], _ list: [Attribute] = []
  ) -> ValueID {
    let out = graph.addFreshValue(prefix + name + "_out")
    graph.add(
      Node(
        type, name: prefix + name, inputs: inputs, outputs: [out],
        attributes: attributes[name] ?? list))
    return out
  }

  mutating func conv(_ name: String, _ x: ValueID, channels: Int, seed: Int) -> ValueID {
    let w = weight(name + ".w", [channels, channels, 3, 3], seed: seed)
    let b = weight(name + ".b", [channels], seed: seed + 1)
    return node("Conv", name, [x, w, b], [Attribute("pads", .ints([1, 1, 1, 1]))])
  }

  func model() -> Model { Model(graph: graph) }
}

extension Network {
  /// Two convolutions around a skip connection: `relu(conv2(relu(conv1(x))) + x)`.
  static func residual(
    prefix: String = "", _ configure: (inout Network) -> Void = { _ in }
  ) -> Model {
    var net = Network(prefix: prefix)
    configure(&net)
    let x = net.input("x", [.init(symbol: prefix + "N"), 4, 8, 8])
    let a = net.node("Relu", "relu1", [net.conv("conv1", x, channels: 4, seed: 1)])
    let b = net.conv("conv2", a, channels: 4, seed: 2)
    let y = net.node("Relu", "relu2", [net.node("Add", "add", [b, x])])
    net.output(y, [.init(symbol: prefix + "N"), 4, 8, 8])
    return net.model()
  }

  /// Branches that are alike down to their weights, joined by Concat; `order` is the order in which
  /// their nodes come.
  static func twins(
    prefix: String = "", order: [Int] = [0, 1, 2], _ configure: (inout Network) -> Void = { _ in }
  ) -> Model {
    var net = Network(prefix: prefix)
    configure(&net)
    let x = net.input("x", [1, 2, 4, 4])
    var ends: [Int: ValueID] = [:]
    for branch in order {
      let a = net.conv("branch\(branch).conv1", x, channels: 2, seed: 5)
      let b = net.node("Relu", "branch\(branch).relu", [a])
      ends[branch] = net.conv("branch\(branch).conv2", b, channels: 2, seed: 6)
    }
    let y = net.node(
      "Concat", "join", (0..<order.count).map { ends[$0] }, [Attribute("axis", .int(1))])
    net.output(y, [1, .known(2 * order.count), 4, 4])
    return net.model()
  }
}
