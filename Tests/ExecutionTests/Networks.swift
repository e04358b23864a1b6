import Execution
import IR
import Samples

/// A graph of one node: its operands are graph inputs, those in `constants` initializers.
func model(
  _ type: String, inputs: [Tensor?], constants: Set<Int> = [], attributes: [Attribute] = [],
  outputs: Int = 1, opset: Int = 17
) throws -> Model {
  var graph = Graph(name: "test")
  var operands: [ValueID?] = []
  for (index, tensor) in inputs.enumerated() {
    guard let tensor else {
      operands.append(nil)
      continue
    }
    if constants.contains(index) {
      operands.append(graph.addInitializer("x\(index)", tensor))
    } else {
      let value = graph.addFreshValue("x\(index)")
      graph.addInput(ValueInfo(value, type: .tensor(TensorType(tensor.elementType, nil))))
      operands.append(value)
    }
  }
  let results = (0..<outputs).map { graph.addFreshValue("y\($0)") }
  graph.add(
    Node(type, name: "node", inputs: operands, outputs: results, attributes: attributes))
  for result in results { graph.addOutput(ValueInfo(result, type: nil)) }
  return Model(graph: graph, opset: opset)
}

/// The tensors that a run needs of those a model was made of.
func feed(_ inputs: [Tensor?], constants: Set<Int> = []) -> [String: Tensor] {
  var feed: [String: Tensor] = [:]
  for (index, tensor) in inputs.enumerated() where !constants.contains(index) {
    feed["x\(index)"] = tensor
  }
  return feed
}

/// Floats that follow from a seed.
func floats(_ shape: [Int], seed: UInt64 = 1) throws -> Tensor {
  var generator = SplitMix64(seed: seed)
  guard let tensor = SeededInputs.make(.float, shape, &generator) else {
    throw ModelError(.limit, "no tensor of shape \(shape)")
  }
  return tensor
}

/// Convolution, batch normalization, activation, pool, residual and concatenation: everything that
/// keeps a blocked layout from node to node.
func blockedNetwork(channels: Int) throws -> Model {
  var graph = Graph(name: "blocked")
  let x = graph.addFreshValue("x")
  graph.addInput(
    ValueInfo(
      x,
      type: .tensor(TensorType(.float, Shape([Dimension(symbol: "N"), 3, .unknown, .unknown])))))
  var seed: UInt64 = 10
  func constant(_ shape: [Int], positive: Bool = false) throws -> ValueID {
    seed += 1
    let tensor = try floats(shape, seed: seed)
    guard positive, let values = tensor.floats else {
      return graph.addInitializer("w\(seed)", tensor)
    }
    return graph.addInitializer("w\(seed)", Tensor(floats: values.map { abs($0) + 0.5 }, shape))
  }
  func add(_ type: String, _ inputs: [ValueID], _ attributes: [Attribute] = []) -> ValueID {
    let y = graph.addFreshValue("\(type)_out")
    graph.add(Node(type, inputs: inputs, outputs: [y], attributes: attributes))
    return y
  }
  let same = Attribute("pads", .ints([1, 1, 1, 1]))
  var y = add(
    "Conv", [x, try constant([channels, 3, 3, 3]), try constant([channels])],
    [same, Attribute("strides", .ints([2, 2]))])
  y = add(
    "BatchNormalization",
    [
      y, try constant([channels]), try constant([channels]), try constant([channels]),
      try constant([channels], positive: true),
    ])
  y = add("Relu", [y])
  let branch = add(
    "Conv", [y, try constant([channels, 1, 3, 3])],
    [
      same, Attribute("group", .int(channels)),
    ])
  let gate = add(
    "Sigmoid",
    [add("Conv", [add("GlobalAveragePool", [y]), try constant([channels, channels, 1, 1])])])
  y = add("Add", [y, add("Mul", [branch, gate])])
  let pooled = add(
    "MaxPool", [y],
    [Attribute("kernel_shape", .ints([3, 3])), same, Attribute("strides", .ints([2, 2]))])
  let averaged = add(
    "AveragePool", [y],
    [Attribute("kernel_shape", .ints([3, 3])), same, Attribute("strides", .ints([2, 2]))])
  y = add("Concat", [pooled, averaged, pooled], [Attribute("axis", .int(1))])
  y = add("Flatten", [add("GlobalMaxPool", [y])])
  y = add(
    "Gemm", [y, try constant([10, 3 * channels]), try constant([10])],
    [Attribute("transB", .int(1))])
  graph.addOutput(ValueInfo(add("Softmax", [y], [Attribute("axis", .int(-1))]), type: nil))
  return Model(graph: graph)
}
