extension Graph {
  /// Whether the value is one of the graph's inputs.
  public func isInput(_ id: ValueID) -> Bool { valueTable[id.index].isInput }

  /// Whether the value is one of the graph's outputs.
  public func isOutput(_ id: ValueID) -> Bool {
    valueTable[id.index].uses.contains { if case .output = $0 { true } else { false } }
  }

  /// The value of an initializer that nothing can override at run time: one that is not a graph
  /// input, or any where initializers had to be inputs (`initializersAreConstant`).
  public func constant(_ id: ValueID) -> Tensor? {
    isInput(id) && !initializersAreConstant && !defaultsAreConstant
      ? nil : valueTable[id.index].initializer
  }

  /// Bytes of all initializers, those of subgraphs not included.
  public var constantBytes: Int {
    initializers.reduce(0) { $0 + (self[$1].initializer?.byteCount ?? 0) }
  }

  /// The inputs that a caller has to supply: those without a constant value.
  public var requiredInputs: [ValueInfo] { inputs.filter { self[$0.value].initializer == nil } }

  /// The one node that reads the value, when it has exactly one use and that is no graph output or
  /// capture.
  public func onlyConsumer(of id: ValueID) -> NodeID? {
    guard self[id].uses.count == 1, case .input(let node, _) = self[id].uses[0] else { return nil }
    return node
  }

  /// How messages name a node: its operator and its name, or its first output where it has none.
  public func label(_ id: NodeID) -> String {
    let node = self[id]
    if let name = node.name, !name.isEmpty { return "\(node.op) '\(name)'" }
    let output = node.outputs.compactMap { $0 }.first.map { self[$0].name } ?? ""
    return "\(node.op) of '\(output)'"
  }
}
