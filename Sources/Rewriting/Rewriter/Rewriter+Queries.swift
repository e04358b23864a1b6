package import IR

/// Questions that rules ask about nodes and values.
extension Rewriter {
  /// The operator's type, for nodes of ONNX's own domain whose operator is known at the model's
  /// opset; rules look at no others. Before opset 7 an attribute says how operands broadcast, which
  /// the rules' algebra does not know.
  package mutating func kind(_ id: NodeID) -> String? {
    guard opset >= 7, isKnown(id) else { return nil }
    return graph[id].isStandard ? graph[id].type : nil
  }

  /// The node that produces a value, when it is one of these operators.
  package mutating func producer(of value: ValueID?, _ kinds: String...) -> NodeID? {
    guard let value, let id = graph[value].producer, let kind = kind(id), kinds.contains(kind)
    else { return nil }
    return id
  }

  /// An input of a node; nil when it is left out.
  package func input(_ id: NodeID, _ slot: Int) -> ValueID? { graph[id].inputs[safe: slot] ?? nil }

  /// The first output of a node.
  package func output(_ id: NodeID) -> ValueID? { graph[id].outputs.first ?? nil }

  /// The shape of a value, when its rank is known.
  package func shape(_ value: ValueID?) -> Shape? { value.flatMap { type($0).shape } }

  /// The rank of a value, when known.
  package func rank(_ value: ValueID?) -> Int? { shape(value)?.rank }

  /// The element type of a value.
  package func elementType(_ value: ValueID) -> ElementType { type(value).elementType }

  /// Whether rules may do arithmetic on weights of the value's type: 16-bit floats would be rounded
  /// twice.
  package func isFloat(_ value: ValueID) -> Bool {
    [.float, .double].contains(elementType(value))
  }

  /// The one element of a constant.
  package func number(_ value: ValueID?) -> Double? {
    guard let tensor = value.flatMap(constant), tensor.count == 1 else { return nil }
    return tensor.doubles?[0]
  }

  /// The elements of an integer constant.
  package func integers(_ value: ValueID?) -> [Int]? { value.flatMap { constant($0)?.integers } }

  /// The constant operand of a node of two operands and the other one.
  package func constantOperand(_ id: NodeID) -> (slot: Int, tensor: Tensor, other: ValueID)? {
    guard graph[id].inputs.count == 2, let a = input(id, 0), let b = input(id, 1) else {
      return nil
    }
    if let tensor = constant(b) { return (1, tensor, a) }
    if let tensor = constant(a) { return (0, tensor, b) }
    return nil
  }

  /// Whether a value is never below zero, by what produces it.
  package mutating func isNonNegative(_ value: ValueID) -> Bool {
    if producer(
      of: value, "Relu", "Sigmoid", "Softmax", "HardSigmoid", "Abs", "Exp", "Sqrt", "Softplus")
      != nil
    {
      return true
    }
    return graph[value].producer.flatMap { clamp($0) }.map { $0.low >= 0 } ?? false
  }
}
