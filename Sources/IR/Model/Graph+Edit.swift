/// Edits. Each keeps producers, uses and captures consistent.
extension Graph {
  /// Adds a value; nil when the name is taken.
  @discardableResult
  public mutating func addValue(named name: String, type: ValueType? = nil) -> ValueID? {
    guard valueByName[name] == nil else { return nil }
    let id = ValueID(valueTable.count)
    valueTable.append(Value(name: name, type: type))
    valueByName[name] = id
    return id
  }

  /// Adds a value whose name is `stem`, or `stem_2`, `stem_3`, … where that is taken.
  public mutating func addFreshValue(_ stem: String, type: ValueType? = nil) -> ValueID {
    // Names are never given back, so the search goes on where the last one for the stem ended.
    var number = freshNumbers[stem] ?? 1
    while true {
      let name = number == 1 ? stem : "\(stem)_\(number)"
      number += 1
      if !isCapturedName(name), let id = addValue(named: name, type: type) {
        freshNumbers[stem] = number
        return id
      }
    }
  }

  /// Adds an initializer under a name derived from `stem`.
  public mutating func addInitializer(_ stem: String, _ tensor: Tensor) -> ValueID {
    let id = addFreshValue(stem, type: .tensor(tensor.type))
    setInitializer(id, tensor)
    return id
  }

  /// Gives a value a constant, replaces it, or (with nil) takes it away.
  public mutating func setInitializer(_ id: ValueID, _ tensor: Tensor?) {
    let had = valueTable[id.index].initializer != nil
    valueTable[id.index].initializer = tensor
    if let tensor {
      valueTable[id.index].type = .tensor(tensor.type)
      if !had {
        initializers.append(id)
        // Before IR version 4 every initializer had to be an input.
        if initializersAreConstant, !isInput(id) {
          addInput(ValueInfo(id, type: .tensor(tensor.type)))
        }
      }
      if valueTable[id.index].isInput, let place = inputs.firstIndex(where: { $0.value == id }) {
        inputs[place].type = .tensor(tensor.type)
      }
    } else if had {
      initializers.removeAll { $0 == id }
    }
  }

  /// Sets what is known about a value's type.
  public mutating func setType(_ id: ValueID, _ type: ValueType?) {
    valueTable[id.index].type = type
  }

  /// Declares a graph input.
  public mutating func addInput(_ info: ValueInfo) {
    inputs.append(info)
    valueTable[info.value.index].isInput = true
    if let type = info.type { valueTable[info.value.index].type = type }
  }

  /// Declares a graph output.
  public mutating func addOutput(_ info: ValueInfo) {
    valueTable[info.value.index].uses.append(.output(index: outputs.count))
    outputs.append(info)
    if let type = info.type, valueTable[info.value.index].type == nil {
      valueTable[info.value.index].type = type
    }
  }

  /// Makes the graph compute without giving out anything: for running a part of it.
  package mutating func removeOutputs() {
    for info in outputs {
      valueTable[info.value.index].uses.removeAll { if case .output = $0 { true } else { false } }
    }
    outputs = []
  }

  /// Sets the declared type of a graph output.
  package mutating func setOutputType(_ index: Int, _ type: ValueType?) {
    outputs[index].type = type
  }

  /// Sets the declared type of a graph input.
  package mutating func setInputType(_ index: Int, _ type: ValueType?) {
    inputs[index].type = type
    valueTable[inputs[index].value.index].type = type
  }

  /// Removes a graph input that nothing reads, for initializers that were declared as inputs.
  package mutating func removeInput(_ id: ValueID) {
    inputs.removeAll { $0.value == id }
    valueTable[id.index].isInput = false
  }

  /// Adds a node at the end, or right before or after another. Its outputs must have no producer.
  @discardableResult
  public mutating func add(
    _ node: Node, before: NodeID? = nil, after: NodeID? = nil
  ) -> NodeID {
    let id = NodeID(nodeTable.count)
    nodeTable.append(node)
    if let before, let place = order.firstIndex(of: before) {
      order.insert(id, at: place)
    } else if let after, let place = order.firstIndex(of: after) {
      order.insert(id, at: place + 1)
    } else {
      order.append(id)
    }
    for (slot, input) in node.inputs.enumerated() {
      if let input { valueTable[input.index].uses.append(.input(id, slot: slot)) }
    }
    for output in node.outputs {
      if let output {
        precondition(valueTable[output.index].producer == nil)
        valueTable[output.index].producer = id
      }
    }
    resolveCaptures(of: id)
    return id
  }

  /// Removes a node. Its outputs stay as values without a producer.
  public mutating func remove(_ id: NodeID) {
    let node = self[id]
    for input in node.inputs.compactMap({ $0 }) + node.captures { dropUses(of: input, by: id) }
    for output in node.outputs.compactMap({ $0 }) { valueTable[output.index].producer = nil }
    nodeTable[id.index] = nil
  }

  private mutating func dropUses(of value: ValueID, by node: NodeID) {
    valueTable[value.index].uses.removeAll { $0.node == node }
  }

  /// Makes a node read another value at `slot`, which may be one past its last input.
  public mutating func setInput(_ node: NodeID, slot: Int, to value: ValueID?) {
    if slot < nodeTable[node.index]!.inputs.count {
      if let old = nodeTable[node.index]!.inputs[slot] {
        valueTable[old.index].uses.removeAll { $0 == .input(node, slot: slot) }
      }
    } else {
      while nodeTable[node.index]!.inputs.count <= slot {
        nodeTable[node.index]!.inputs.append(nil)
      }
    }
    nodeTable[node.index]!.inputs[slot] = value
    if let value { valueTable[value.index].uses.append(.input(node, slot: slot)) }
  }

  /// Drops inputs from the end until `count` are left.
  public mutating func truncateInputs(_ node: NodeID, to count: Int) {
    while nodeTable[node.index]!.inputs.count > count {
      setInput(node, slot: nodeTable[node.index]!.inputs.count - 1, to: nil)
      nodeTable[node.index]!.inputs.removeLast()
    }
  }

  /// Makes a node produce another value at `slot`; the new one must have no producer.
  public mutating func setOutput(_ node: NodeID, slot: Int, to value: ValueID?) {
    if let old = nodeTable[node.index]!.outputs[slot] { valueTable[old.index].producer = nil }
    nodeTable[node.index]!.outputs[slot] = value
    if let value {
      precondition(valueTable[value.index].producer == nil)
      valueTable[value.index].producer = node
    }
  }

  /// Gives a node further outputs, which must have no producer.
  package mutating func appendOutputs(_ node: NodeID, _ values: [ValueID]) {
    for value in values {
      nodeTable[node.index]!.outputs.append(nil)
      setOutput(node, slot: nodeTable[node.index]!.outputs.count - 1, to: value)
    }
  }

  /// Drops outputs from the end until `count` are left; the values stay without a producer.
  package mutating func truncateOutputs(_ node: NodeID, to count: Int) {
    while nodeTable[node.index]!.outputs.count > count {
      setOutput(node, slot: nodeTable[node.index]!.outputs.count - 1, to: nil)
      nodeTable[node.index]!.outputs.removeLast()
    }
  }

  /// Puts the nodes into the order of the given keys; it need not be an order of execution yet.
  package mutating func order<Key: Comparable>(by key: (NodeID) -> (Key, NodeID)) {
    order = nodeIDs.map(key).sorted { $0 < $1 }.map(\.1)
  }

  /// Whether a subgraph reads the value by name.
  public func isCaptured(_ id: ValueID) -> Bool {
    self[id].uses.contains { if case .capture = $0 { true } else { false } }
  }

  /// Makes every node that reads `old` read `new` instead. Graph outputs and subgraphs that read
  /// `old` by name keep doing so.
  public mutating func replaceInputs(of old: ValueID, with new: ValueID) {
    for case .input(let node, let slot) in self[old].uses { setInput(node, slot: slot, to: new) }
  }

  /// Calls `body` with the node's attributes, then finds its captures anew.
  public mutating func updateSubgraphs(
    of node: NodeID, _ body: (inout [Attribute]) throws(ModelError) -> Void
  ) throws(ModelError) {
    try body(&nodeTable[node.index]!.attributes)
    for value in nodeTable[node.index]!.captures {
      valueTable[value.index].uses.removeAll { $0 == .capture(node) }
    }
    resolveCaptures(of: node)
  }

  private mutating func resolveCaptures(of id: NodeID) {
    var captured: [ValueID] = []
    let subgraphs = nodeTable[id.index]!.subgraphs
    if !subgraphs.isEmpty { holders.insert(id) }
    for name in subgraphs.flatMap(\.freeNames) {
      guard let value = valueByName[name], !captured.contains(value) else { continue }
      captured.append(value)
      valueTable[value.index].uses.append(.capture(id))
    }
    nodeTable[id.index]!.captures = captured
  }

  /// Names that this graph reads but does not define: values of an outer graph.
  public var freeNames: [String] {
    let declared = Set(inputs.map(\.value))
    var names: [String] = []
    for index in valueTable.indices {
      let value = valueTable[index]
      if value.producer == nil, value.initializer == nil, !value.uses.isEmpty,
        !declared.contains(ValueID(index)), !sparseInitializers.contains(ValueID(index))
      {
        names.append(value.name)
      }
    }
    return names
  }

  /// Gives values of an outer graph, which this one only reads, other names.
  package mutating func renameFreeValues(_ names: [String: String]) {
    for name in freeNames {
      guard let new = names[name], let id = valueByName[name], valueByName[new] == nil else {
        continue
      }
      valueTable[id.index].name = new
      valueByName[name] = nil
      valueByName[new] = id
    }
  }

  private func isCapturedName(_ name: String) -> Bool {
    holders.contains { id in
      nodeTable[id.index]?.subgraphs.contains { $0.valueByName[name] != nil } ?? false
    }
  }

  /// Removes initializers, declarations and annotations of values that nothing produces or reads.
  ///
  /// Inputs and outputs of the graph are kept, but for inputs that only declare an initializer, as
  /// IR versions before 4 asked for.
  public mutating func dropUnusedValues() {
    if initializersAreConstant {
      for id in initializers where self[id].uses.isEmpty { valueTable[id.index].isInput = false }
      inputs = inputs.filter { self[$0.value].isInput }
    }
    let declared = Set(inputs.map(\.value))
    for id in initializers where self[id].uses.isEmpty && !declared.contains(id) {
      valueTable[id.index].initializer = nil
    }
    initializers = initializers.filter { valueTable[$0.index].initializer != nil }
    valueInfos = valueInfos.filter { !isIdle($0.value) }
    quantizationAnnotations = quantizationAnnotations.filter { annotation in
      guard let id = annotation.tensorName.flatMap({ valueByName[$0] }) else { return true }
      return !isIdle(id) || declared.contains(id)
    }
  }

  /// Whether nothing produces, holds or reads the value.
  private func isIdle(_ id: ValueID) -> Bool {
    let value = self[id]
    return value.producer == nil && value.initializer == nil && value.uses.isEmpty
  }

  /// Orders nodes so that each follows the producers of what it reads, keeping the present order
  /// where it can. Throws when the nodes form a cycle.
  public mutating func sortTopologically() throws(ModelError) {
    let living = nodeIDs
    var pending: [NodeID: Int] = [:]
    var followers: [NodeID: [NodeID]] = [:]
    let place = Dictionary(uniqueKeysWithValues: living.enumerated().map { ($1, $0) })
    var ready = Heap()
    for id in living {
      let node = self[id]
      let producers = Set(
        (node.inputs.compactMap { $0 } + node.captures).compactMap { self[$0].producer })
      pending[id] = producers.count
      for producer in producers { followers[producer, default: []].append(id) }
      if producers.isEmpty { ready.push(place[id]!) }
    }
    var sorted: [NodeID] = []
    while let next = ready.pop() {
      sorted.append(living[next])
      for follower in followers[living[next]] ?? [] {
        pending[follower]! -= 1
        if pending[follower] == 0 { ready.push(place[follower]!) }
      }
    }
    guard sorted.count == living.count else {
      let stuck = living.first { pending[$0]! > 0 }!
      throw ModelError(
        .invalid, "\(label(stuck)): expected no cycle, found that it reads its own result")
    }
    order = sorted
  }
}

/// A binary min-heap of positions.
private struct Heap {
  private var items: [Int] = []

  mutating func push(_ item: Int) {
    items.append(item)
    var child = items.count - 1
    while child > 0, items[(child - 1) / 2] > items[child] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Int? {
    guard let top = items.first else { return nil }
    items.swapAt(0, items.count - 1)
    items.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < items.count && items[child] < items[least] { least = child }
      if least == parent { break }
      items.swapAt(parent, least)
      parent = least
    }
    return top
  }
}
