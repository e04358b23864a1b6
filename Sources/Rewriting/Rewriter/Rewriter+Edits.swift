package import IR
internal import Operators

/// Edits that add and change.
extension Rewriter {
  /// Adds a value of the given type under a name derived from `stem`.
  package mutating func newValue(_ stem: String, _ type: TensorType) -> ValueID {
    let id = graph.addFreshValue(free(stem), type: type == .unknown ? nil : .tensor(type))
    extendTables()
    known.set(id, type)
    return id
  }

  /// A name derived from `stem` that no enclosing graph has either.
  func free(_ stem: String) -> String {
    var name = stem
    var number = 2
    while outer.isTaken(name) || graph.value(named: name) != nil {
      name = "\(stem)_\(number)"
      number += 1
    }
    return name
  }

  /// Adds a constant under a name derived from `stem`.
  package mutating func newConstant(_ stem: String, _ tensor: Tensor) -> ValueID {
    let id = graph.addInitializer(free(stem), tensor)
    extendTables()
    known.set(id, tensor.type)
    return id
  }

  /// Puts a drafted node right before another.
  mutating func insert(
    _ draft: Emit.Draft, _ inputs: [ValueID?], _ output: ValueID, before follower: NodeID
  ) {
    let name = graph[follower].name.map { "\($0)/\(draft.type.lowercased())" }
    let id = graph.add(Emit.node(draft, name: name, inputs: inputs, output: output))
    extendTables()
    position[id.index] = position[follower.index]
    learn(id)
    touch(id)
    for input in inputs.compactMap({ $0 }) { touchAround(input) }
  }

  /// Makes a node what a draft says, in its place and under its name. What it no longer reads is looked
  /// at again.
  mutating func become(_ id: NodeID, _ draft: Emit.Draft, inputs: [ValueID?]) {
    for value in graph[id].inputs.compactMap({ $0 }) { touchAround(value) }
    graph[id].type = draft.type
    graph[id].domain = draft.domain
    graph[id].attributes = draft.attributes
    setInputs(id, inputs)
  }

  /// Hands a node's name and documentation on to the one that now does its work.
  package mutating func inherit(_ id: NodeID, from old: NodeID) {
    graph[id].name = graph[old].name
    graph[id].docString = graph[old].docString
    graph[id].metadata = graph[old].metadata
    graph[old].metadata = []
    graph[old].docString = nil
  }

  /// Gives a node the name of the one that it replaces.
  package mutating func rename(_ id: NodeID, like other: NodeID) {
    graph[id].name = graph[other].name
    graph[id].docString = graph[other].docString
    graph[id].metadata = graph[other].metadata
  }

  /// Makes a node read other values.
  package mutating func setInputs(_ id: NodeID, _ inputs: [ValueID?]) {
    for value in graph[id].inputs.compactMap({ $0 }) { touchAround(value) }
    graph.truncateInputs(id, to: inputs.count)
    for (slot, value) in inputs.enumerated() { graph.setInput(id, slot: slot, to: value) }
    changed(id)
  }

  /// Makes a node read another value at `slot`.
  package mutating func setInput(_ id: NodeID, slot: Int, to value: ValueID?) {
    if let old = graph[id].inputs[safe: slot] ?? nil { touchAround(old) }
    graph.setInput(id, slot: slot, to: value)
    changed(id)
  }

  /// Sets or, with nil, removes an attribute.
  package mutating func setAttribute(_ id: NodeID, _ name: String, _ value: AttributeValue?) {
    graph[id].setAttribute(name, value)
    changed(id)
  }
}
