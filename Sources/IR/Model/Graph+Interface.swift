/// Edits of what a graph takes and gives out, and of names: only for users who ask for them, since
/// names, order and types of inputs and outputs are a model's contract.
extension Graph {
  /// Gives a value another name, which subgraphs that read it follow.
  ///
  /// - Throws: `ModelError` with code `request` for a name that is taken, here or in a subgraph.
  package mutating func rename(_ id: ValueID, to name: String) throws(ModelError) {
    let old = valueTable[id.index].name
    guard name != old else { return }
    guard !name.isEmpty, isFree(name) else {
      throw ModelError(
        .request,
        name.isEmpty
          ? "value '\(old)': expected a name, found an empty one"
          : "value '\(old)': expected a name that is free, found '\(name)', which another value has"
      )
    }
    guard !sparseInitializers.contains(id) else {
      throw ModelError(
        .unsupported, "value '\(old)': expected a dense tensor, found a sparse initializer")
    }
    valueTable[id.index].name = name
    valueByName[old] = nil
    valueByName[name] = id
    for index in quantizationAnnotations.indices {
      if quantizationAnnotations[index].tensorName == old {
        quantizationAnnotations[index].tensorName = name
      }
      for place in quantizationAnnotations[index].parameters.indices
      where quantizationAnnotations[index].parameters[place].value == old {
        quantizationAnnotations[index].parameters[place].value = name
      }
    }
    for case .capture(let node) in valueTable[id.index].uses {
      try updateSubgraphs(of: node) { attributes in
        for index in attributes.indices {
          attributes[index].value = attributes[index].value.renamingFree([old: name])
        }
      }
    }
  }

  /// Whether no value here or in a subgraph has this name.
  package func isFree(_ name: String) -> Bool { valueByName[name] == nil && !isNameInBodies(name) }

  /// Whether a graph inside a node has a value of this name.
  private func isNameInBodies(_ name: String) -> Bool {
    nodeIDs.contains { id in
      self[id].subgraphs.contains { $0.valueByName[name] != nil || $0.isNameInBodies(name) }
    }
  }

  /// The graph with other names for values of the graph around it.
  fileprivate func renamingFree(_ names: [String: String]) -> Graph {
    var copy = self
    copy.renameFreeValues(names)
    for id in copy.nodeIDs where !copy[id].subgraphs.isEmpty {
      copy[id].attributes = copy[id].attributes.map { attribute in
        var attribute = attribute
        attribute.value = attribute.value.renamingFree(names)
        return attribute
      }
    }
    return copy
  }

  /// Gives out these values, in this order, and no others.
  package mutating func setOutputs(_ infos: [ValueInfo]) {
    removeOutputs()
    for info in infos { addOutput(info) }
  }

  /// Takes these values from outside, in this order, and no others. Inputs that are left out must not
  /// be read, or be computed.
  package mutating func setInputs(_ infos: [ValueInfo]) {
    for info in inputs { valueTable[info.value.index].isInput = false }
    inputs = []
    for info in infos { addInput(info) }
  }

  /// Hands a value's name on to a new value. The old one keeps its readers and gets a fresh name after
  /// `stem`.
  ///
  /// - Returns: the new value, which nothing produces or reads.
  package mutating func handOnName(
    of old: ValueID, calling stem: String
  ) throws(ModelError) -> ValueID {
    let name = valueTable[old.index].name
    var fresh = stem
    var number = 2
    while valueByName[fresh] != nil || isNameInBodies(fresh) {
      fresh = "\(stem)_\(number)"
      number += 1
    }
    try rename(old, to: fresh)
    return addValue(named: name)!
  }
}

extension AttributeValue {
  fileprivate func renamingFree(_ names: [String: String]) -> AttributeValue {
    switch self {
    case .graph(let graph): .graph(graph.renamingFree(names))
    case .graphs(let graphs): .graphs(graphs.map { $0.renamingFree(names) })
    default: self
    }
  }
}
