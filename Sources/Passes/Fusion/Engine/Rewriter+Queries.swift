internal import IR
internal import Operators

/// Questions that rules ask about nodes and values.
extension Rewriter {
  /// The operator's type, for nodes of ONNX's own domain whose operator is known at the model's
  /// opset; rules look at no others. Before opset 7 an attribute says how operands broadcast, which
  /// the rules' algebra does not know.
  mutating func kind(_ id: NodeID) -> String? {
    guard opset >= 7, isKnown(id) else { return nil }
    return graph[id].isStandard ? graph[id].type : nil
  }

  /// The node that produces a value, when it is one of these operators.
  mutating func producer(of value: ValueID?, _ kinds: String...) -> NodeID? {
    guard let value, let id = graph[value].producer, let kind = kind(id), kinds.contains(kind)
    else { return nil }
    return id
  }

  /// An input of a node; nil when it is left out.
  func input(_ id: NodeID, _ slot: Int) -> ValueID? { graph[id].inputs[safe: slot] ?? nil }

  /// The first output of a node.
  func output(_ id: NodeID) -> ValueID? { graph[id].outputs.first ?? nil }

  /// The shape of a value, when its rank is known.
  func shape(_ value: ValueID?) -> Shape? { value.flatMap { type($0).shape } }

  /// The rank of a value, when known.
  func rank(_ value: ValueID?) -> Int? { shape(value)?.rank }

  /// The element type of a value.
  func elementType(_ value: ValueID) -> ElementType { type(value).elementType }

  /// Whether rules may do arithmetic on weights of the value's type: 16-bit floats would be rounded
  /// twice.
  func isFloat(_ value: ValueID) -> Bool {
    [.float, .double].contains(elementType(value))
  }

  /// The one element of a constant.
  func number(_ value: ValueID?) -> Double? {
    guard let tensor = value.flatMap(constant), tensor.count == 1 else { return nil }
    return tensor.doubles?[0]
  }

  /// The elements of an integer constant.
  func integers(_ value: ValueID?) -> [Int]? { value.flatMap { constant($0)?.integers } }

  /// An integer attribute.
  func int(_ id: NodeID, _ name: String, _ fallback: Int) -> Int {
    if case .int(let value)? = graph[id].attribute(name) { value } else { fallback }
  }

  /// A list of integers, nil when absent.
  func ints(_ id: NodeID, _ name: String) -> [Int]? {
    if case .ints(let values)? = graph[id].attribute(name) { values } else { nil }
  }

  /// A float attribute.
  func float(_ id: NodeID, _ name: String, _ fallback: Float) -> Float {
    if case .float(let value)? = graph[id].attribute(name) { value } else { fallback }
  }

  /// A string attribute.
  func string(_ id: NodeID, _ name: String, _ fallback: String) -> String {
    guard case .string(let bytes)? = graph[id].attribute(name) else { return fallback }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The constant operand of a node of two operands and the other one.
  func constantOperand(_ id: NodeID) -> (slot: Int, tensor: Tensor, other: ValueID)? {
    guard graph[id].inputs.count == 2, let a = input(id, 0), let b = input(id, 1) else {
      return nil
    }
    if let tensor = constant(b) { return (1, tensor, a) }
    if let tensor = constant(a) { return (0, tensor, b) }
    return nil
  }

  /// The axes of a reduction, or of Squeeze and Unsqueeze: an attribute or an input by opset; nil
  /// when absent or not constant.
  func axes(_ id: NodeID) -> [Int]? { ints(id, "axes") ?? integers(input(id, 1)) }

  /// Why two nodes cannot become one over `value`, which the first produces for the second; nil
  /// when they can.
  func obstacle(over value: ValueID) -> String? { obstacle(over: value, readers: nil) }

  /// Why a value between nodes that become one cannot go: somebody else sees it.
  ///
  /// - Parameter readers: the nodes that may read it; nil for one use, whoever's it is.
  func obstacle(over value: ValueID, readers: Set<NodeID>?) -> String? {
    let name = graph[value].name
    if graph.isOutput(value) { return "'\(name)' is also a graph output" }
    if graph.isCaptured(value) { return "a subgraph reads '\(name)'" }
    let uses = graph[value].uses
    if let readers {
      let others = uses.filter { $0.node.map { !readers.contains($0) } ?? true }
      return others.isEmpty ? nil : "'\(name)' has \(uses.count) readers"
    }
    return uses.count > 1 ? "'\(name)' has \(uses.count) readers" : nil
  }

  /// Whether a value is never below zero, by what produces it.
  mutating func isNonNegative(_ value: ValueID) -> Bool {
    if producer(
      of: value, "Relu", "Sigmoid", "Softmax", "HardSigmoid", "Abs", "Exp", "Sqrt", "Softplus")
      != nil
    {
      return true
    }
    return graph[value].producer.flatMap { clamp($0) }.map { $0.low >= 0 } ?? false
  }
}
