package import IR

/// What a subgraph can see of the graphs around it.
package struct Scope {
  /// Types of the values by name.
  package private(set) var typesByName: [String: TensorType] = [:]
  /// Values of those that are constant, by name.
  package private(set) var constants: [String: Tensor] = [:]

  /// Nothing outside.
  package init() {}

  /// Every name that is taken outside.
  package func isTaken(_ name: String) -> Bool { typesByName[name] != nil }

  /// Adds a value of an enclosing graph.
  package mutating func add(_ name: String, _ type: TensorType, constant: Tensor?) {
    typesByName[name] = type
    constants[name] = constant
  }

  /// Types of the values that `graph` reads from outside.
  package func types(of graph: Graph) -> [(ValueID, ValueType)] {
    graph.freeNames.compactMap { name in
      guard let id = graph.value(named: name), let type = typesByName[name], type != .unknown else {
        return nil
      }
      return (id, .tensor(type))
    }
  }
}

extension Rewriter {
  /// The scope of this graph's subgraphs.
  package func scope(inside outer: Scope) -> Scope {
    guard graph.nodeIDs.contains(where: { !graph[$0].subgraphs.isEmpty }) else { return outer }
    var scope = outer
    for id in graph.valueIDs {
      scope.add(graph[id].name, type(id), constant: constant(id))
    }
    return scope
  }
}
