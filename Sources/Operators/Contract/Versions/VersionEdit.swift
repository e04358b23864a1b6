package import IR

/// A graph while its nodes are rewritten from one version of the operator set to another, seen from
/// the node that a `Revision` is at.
package struct VersionEdit {
  /// Rewrites the node that an edit stands at.
  package typealias Step = @Sendable (inout VersionEdit) throws(ModelError) -> Void

  /// The graph.
  package internal(set) var graph: Graph
  /// The node to rewrite.
  package private(set) var node: NodeID
  /// Values that a node no longer reads.
  package private(set) var orphans: [ValueID] = []
  /// Whether the node at hand was rewritten.
  package internal(set) var isChanged = false
  /// The version that the node is written in after the step.
  package var version = 0
  /// The version that the graph is on the way to.
  package let target: Int
  private let facts: VersionFacts
  /// Names of enclosing graphs, which new values must not take.
  private let reserved: Set<String>
  /// Names of nodes, once a new one needs one.
  var nodeNames: Set<String>?

  package init(_ graph: Graph, _ facts: VersionFacts, to target: Int, reserved: Set<String>) {
    self.target = target
    self.graph = graph
    self.facts = facts
    self.reserved = reserved
    node = NodeID(0)
  }

  /// Goes to a node.
  package mutating func move(to node: NodeID) {
    self.node = node
    isChanged = false
  }

  /// Changes the graph outside of rules.
  package mutating func updateGraph(
    _ body: (inout Graph) throws(ModelError) -> Void
  ) throws(ModelError) {
    try body(&graph)
  }

  // MARK: Questions

  /// Why the node cannot be said in the other version.
  package func decline(_ reason: String) -> ModelError {
    ModelError(.unsupported, "\(graph.label(node)): \(reason)")
  }

  /// The value that the node reads at `slot`.
  package func input(_ slot: Int) -> ValueID? { graph[node].inputs[safe: slot] ?? nil }

  /// The type of a value; unknown where nothing is known.
  package func type(of id: ValueID?) -> TensorType {
    guard let id else { return .unknown }
    return (facts.type(id) ?? graph[id].type)?.tensor ?? .unknown
  }

  /// The type of what the node reads at `slot`.
  package func type(_ slot: Int) -> TensorType { type(of: input(slot)) }

  /// The constant that the node reads at `slot`.
  package func constant(_ slot: Int) -> Tensor? {
    input(slot).flatMap { graph.constant($0) ?? facts.constant($0) }
  }

  /// An attribute's value.
  package func attribute(_ name: String) -> AttributeValue? { graph[node].attribute(name) }

  /// An integer attribute, or `fallback` where the node has none.
  package func int(_ name: String, default fallback: Int) throws(ModelError) -> Int {
    switch attribute(name) {
    case nil: return fallback
    case .int(let value): return value
    default: throw decline("attribute '\(name)' is no constant integer")
    }
  }

  /// Whether anything reads an output.
  package func isRead(output slot: Int) -> Bool {
    guard let id = graph[node].outputs[safe: slot] ?? nil else { return false }
    return !graph[id].uses.isEmpty
  }

  // MARK: Edits

  /// Sets or, with nil, removes an attribute.
  package mutating func set(_ name: String, _ value: AttributeValue?) {
    guard value != nil || attribute(name) != nil else { return }
    graph[node].setAttribute(name, value)
    isChanged = true
  }

  /// Makes the node another operator.
  package mutating func become(_ type: String) {
    graph[node].type = type
    isChanged = true
  }

  /// Makes the node read another value at `slot`, or none.
  package mutating func setInput(_ slot: Int, _ value: ValueID?) {
    if let old = input(slot) { orphans.append(old) }
    guard value != nil || slot < graph[node].inputs.count else { return }
    graph.setInput(node, slot: slot, to: value)
    let last = graph[node].inputs.lastIndex { $0 != nil } ?? -1
    graph.truncateInputs(node, to: last + 1)
    isChanged = true
  }

  /// Takes away outputs that nothing reads.
  package mutating func truncateOutputs(to count: Int) {
    graph.truncateOutputs(node, to: count)
    isChanged = true
  }

  func free(_ stem: String) -> String {
    var (name, number) = (stem, 2)
    while reserved.contains(name) || graph.value(named: name) != nil {
      name = "\(stem)_\(number)"
      number += 1
    }
    return name
  }

  /// A name for something about the node.
  func stem(_ suffix: String) -> String {
    let output = graph[node].outputs.compactMap { $0 }.first.map { graph[$0].name } ?? ""
    return "\(output)_\(suffix)"
  }

  /// Adds a constant that the node will read.
  package mutating func addConstant(_ tensor: Tensor, _ suffix: String) -> ValueID {
    isChanged = true
    return graph.addInitializer(free(stem(suffix)), tensor)
  }

  // MARK: What is left

  /// Removes constants, and nodes that hold constants, that nothing reads any more because of an
  /// edit.
  package mutating func removeOrphans() {
    for id in orphans where graph[id].uses.isEmpty {
      if let producer = graph[id].producer {
        guard facts.held(by: producer) != nil,
          graph[producer].outputs.allSatisfy({ $0.map { graph[$0].uses.isEmpty } ?? true })
        else { continue }
        graph.remove(producer)
      } else if graph[id].initializer != nil, !graph.isInput(id) {
        graph.setInitializer(id, nil)
      }
    }
    orphans = []
  }
}
