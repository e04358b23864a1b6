package import IR

/// Graphs inside graphs.
extension GraphBuilder {
  /// A value of the graph around this one, which is a body.
  package func outer(_ term: Term) throws(ModelError) -> Term {
    let name = term.builder.graph[term.id].name
    if let known = graph.value(named: name) {
      guard graph[known].producer == nil, graph[known].initializer == nil, !graph.isInput(known)
      else {
        throw ModelError(.unsupported, "its body has a value '\(name)' too")
      }
      return Term(self, known, term.type)
    }
    var id: ValueID?
    edit { graph in id = graph.addValue(named: name, type: .tensor(term.type)) }
    guard let id else { throw ModelError(.unsupported, "its body has a value '\(name)' too") }
    return Term(self, id, term.type)
  }

  /// Appends a node that runs bodies.
  package func node(
    _ op: OperatorName, _ inputs: [ValueID?], bodies: [(name: String, GraphBuilder)],
    _ attributes: [Attribute] = [], outputs: Int
  ) -> [ValueID] {
    let graphs = bodies.map { Attribute($0.name, .graph($0.1.graph)) }
    return nodes(op, inputs, graphs + attributes, outputs: outputs)
  }

  /// Gives a value out under the name that it has; under another one where that is given out already.
  package func give(_ term: Term) {
    if graph.isOutput(term.id) || graph.isInput(term.id) || graph[term.id].producer == nil {
      output(stem, term)
    } else {
      edit { $0.addOutput(ValueInfo(term.id, type: .tensor(term.type))) }
    }
  }

  /// Takes these values from outside, in this order, and no others.
  package func take(_ inputs: [Term]) {
    edit { graph in graph.setInputs(inputs.map { ValueInfo($0.id, type: .tensor($0.type)) }) }
  }

  /// A value of the graph that the caller declares an input of.
  package func value(_ name: String, _ type: TensorType) -> Term {
    var id = ValueID(0)
    edit { graph in id = graph.addFreshValue(name, type: .tensor(type)) }
    return Term(self, id, type)
  }

  /// Makes a value, so far an input, a constant.
  package func fix(_ id: ValueID, _ tensor: Tensor) {
    edit { graph in graph.setInitializer(id, tensor) }
  }

  /// Puts the nodes of another graph behind those of this one.
  ///
  /// - Parameter operands: what its inputs stand for; nil for those left out.
  /// - Returns: its outputs.
  package func splice(
    _ body: Graph, operands: [ValueID?]
  ) throws(ModelError) -> [ValueID] {
    var made: [ValueID] = []
    try edit { (graph) throws(ModelError) in
      made = body.outputs.map { _ in graph.addFreshValue(stem) }
      let place = graph.add(Node("", inputs: operands, outputs: made))
      try graph.replace(place, with: body, operands: operands)
    }
    return made
  }

  /// Lets a node collect more values of its body: outputs that the body gains come behind its own.
  ///
  /// - Parameters:
  ///   - count: how many outputs the node could have.
  ///   - added: how many are added.
  ///   - change: adds them to the attributes.
  /// - Returns: the node's new outputs.
  package func collect(
    _ node: NodeID, after count: Int, adding added: Int,
    _ change: (inout [Attribute]) throws(ModelError) -> Void
  ) throws(ModelError) -> [ValueID] {
    var made: [ValueID] = []
    try edit { (graph) throws(ModelError) in
      try graph.updateSubgraphs(of: node, change)
      let named = graph[node].outputs.count
      let all = (named..<max(named, count) + added).map { _ in graph.addFreshValue(stem) }
      graph.appendOutputs(node, all)
      made = Array(all.suffix(added))
    }
    return made
  }
}
