internal import IR

/// What a subgraph can see of the graphs around it.
struct Scope {
  /// Types of the values by name.
  private(set) var typesByName: [String: TensorType] = [:]
  /// Values of those that are constant, by name.
  private(set) var constants: [String: Tensor] = [:]

  /// Every name that is taken outside.
  func isTaken(_ name: String) -> Bool { typesByName[name] != nil }

  /// Adds a value of an enclosing graph.
  mutating func add(_ name: String, _ type: TensorType, constant: Tensor?) {
    typesByName[name] = type
    constants[name] = constant
  }

  /// Types of the values that `graph` reads from outside.
  func types(of graph: Graph) -> [(ValueID, ValueType)] {
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
  func scope(inside outer: Scope) -> Scope {
    guard graph.nodeIDs.contains(where: { !graph[$0].subgraphs.isEmpty }) else { return outer }
    var scope = outer
    for id in graph.valueIDs {
      scope.add(graph[id].name, type(id), constant: constant(id))
    }
    return scope
  }
}
