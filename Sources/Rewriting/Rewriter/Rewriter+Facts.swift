package import IR
package import Operators

/// What is known of nodes and values.
extension Rewriter {
  /// The operator of a node; nil when it is not known at the model's opset.
  package mutating func op(_ id: NodeID) -> (any Operator)? {
    if let known = operators[id.index] { return known }
    let op = (try? operatorScope.make(graph, id)) ?? nil
    operators[id.index] = .some(op)
    return op
  }

  /// Whether a node's operator is known at the model's opset.
  package mutating func isKnown(_ id: NodeID) -> Bool {
    switch operators[id.index] {
    case .some(.some): true
    case .some(.none): false
    case .none: op(id) != nil
    }
  }

  /// What is known about a node's inputs.
  package func inputs(_ id: NodeID) -> Inputs {
    Inputs(
      label: graph.label(id),
      graph[id].inputs.map { value in
        value.map {
          Operand(
            name: graph[$0].name, type: known.types[$0.index], constant: constant($0),
            data: known.data[$0.index])
        }
      })
  }

  /// The types of a node's outputs.
  package func outputTypes(_ id: NodeID) -> [TensorType] {
    graph[id].outputs.map { $0.map(type) ?? .unknown }
  }

  /// What is known about a value's type.
  package func type(_ id: ValueID) -> TensorType { known.types[id.index] }

  /// The value of a constant that nothing can override, stored or derived from shapes.
  package func constant(_ id: ValueID) -> Tensor? { graph.constant(id) ?? known.derived[id.index] }

  /// Why a weight's elements must not change: quantization parameters belong to them.
  package func obstacle(toChanging value: ValueID?) -> String? {
    guard let value, annotated.contains(graph[value].name) else { return nil }
    return "'\(graph[value].name)' has a quantization annotation"
  }

  /// The elements of a small integer tensor, where they follow from shapes.
  package func elements(_ id: ValueID) -> [Dimension]? {
    if let values = constant(id)?.integers { return values.map { .known($0) } }
    return known.data[id.index]
  }

  /// Infers the outputs of a new or changed node anew.
  mutating func learn(_ id: NodeID) {
    operators[id.index] = nil
    guard let op = op(id), let results = try? op.infer(inputs(id)) else { return }
    for (output, result) in zip(graph[id].outputs, results) {
      guard let output else { continue }
      known.learn(output, result)
    }
  }
}
