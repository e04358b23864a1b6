package import IR

/// What inference knows of a graph before its operators are rewritten: of a function's body, what
/// holds in all its calls.
package struct VersionFacts: Sendable {
  private let calls: [TypedGraph]

  package init(_ calls: [TypedGraph]) { self.calls = calls }

  /// The type of a value, as far as all calls agree.
  package func type(_ id: ValueID) -> ValueType? {
    guard let first = calls.first, first.graph.contains(id) else { return nil }
    let type = first.graph[id].type
    guard calls.dropFirst().contains(where: { $0.graph[id].type != type }) else { return type }
    let tensors = calls.map { $0.graph[id].type?.tensor ?? .unknown }
    guard let one = tensors.first, tensors.allSatisfy({ $0.elementType == one.elementType }) else {
      return nil
    }
    let ranks = Set(tensors.map { $0.shape?.rank })
    let rank = ranks.count == 1 ? ranks.first ?? nil : nil
    return .tensor(
      TensorType(
        one.elementType, rank.map { Shape([Dimension](repeating: .unknown, count: $0)) }))
  }

  /// The value of a constant.
  package func constant(_ id: ValueID) -> Tensor? {
    guard let first = calls.first, first.graph.contains(id), let value = first.constant(id),
      calls.dropFirst().allSatisfy({ $0.constant(id) == value })
    else { return nil }
    return value
  }

  /// What is known inside the body at `index` of a node.
  package func body(_ index: Int, of node: NodeID) -> VersionFacts {
    VersionFacts(calls.compactMap { $0.bodies(node)[safe: index] })
  }

  /// The value of the tensor that a node holds in an attribute; nil for other nodes.
  package func held(by node: NodeID) -> Tensor? { calls.first?.op(node)?.constantValue }

  /// Adds what each call of a function makes known of its body.
  package func collectCalls(_ found: inout [Function.Name: [TypedGraph]]) {
    for facts in calls {
      for id in facts.graph.nodeIDs {
        let inside = facts.bodies(id)
        guard !inside.isEmpty, let op = facts.op(id) else { continue }
        for (body, typed) in zip(op.bodies, inside) {
          if let name = body.function { found[name, default: []].append(typed) }
          VersionFacts([typed]).collectCalls(&found)
        }
      }
    }
  }
}
