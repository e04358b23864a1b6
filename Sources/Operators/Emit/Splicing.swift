package import IR

extension Graph {
  /// Puts the nodes of another graph in place of a node, whose outputs they then compute.
  ///
  /// - Parameters:
  ///   - body: what takes the node's place. Names that it reads but does not define are values of
  ///     this graph or of one around it.
  ///   - operands: what the body's inputs stand for; nil for those left out.
  ///   - prefix: what goes in front of names of the body's values and nodes.
  ///   - parameters: what attributes that refer to a function's parameters stand for.
  package mutating func replace(
    _ node: NodeID, with body: Graph, operands: [ValueID?], prefix: String = "",
    parameters: [String: AttributeValue] = [:]
  ) throws(ModelError) {
    guard body.sparseInitializers.isEmpty else {
      throw ModelError(.unsupported, "\(label(node)): its body has sparse initializers")
    }
    var map = bind(body, to: operands)
    let nested = Set(body.nodeIDs.flatMap { body[$0].subgraphs.flatMap(\.allNames) })
    func stem(_ name: String) -> String {
      var candidate = prefix + name
      var number = 2
      while nested.contains(candidate) {
        candidate = "\(prefix)\(name)_\(number)"
        number += 1
      }
      return candidate
    }
    for id in body.initializers where map[id] == nil {
      guard let tensor = body[id].initializer else { continue }
      map[id] = addInitializer(stem(body[id].name), tensor)
    }
    let copies = handOver(node, body, &map)
    for id in body.nodeIDs {
      for output in body[id].outputs.compactMap({ $0 }) where map[output] == nil {
        map[output] = addFreshValue(stem(body[output].name), type: body[output].type)
      }
    }
    var renamed: [String: String] = [:]
    for (inner, outer) in map {
      guard let outer, body[inner].name != self[outer].name else { continue }
      renamed[body[inner].name] = self[outer].name
    }
    for id in body.nodeIDs {
      var copy = Emit.copy(
        body[id], inputs: body[id].inputs.map { $0.flatMap { map[$0] ?? nil } },
        outputs: body[id].outputs.map { $0.flatMap { map[$0] ?? nil } }, prefix: prefix)
      copy.attributes = copy.attributes.compactMap { $0.resolved(parameters, renaming: renamed) }
      add(copy, before: node)
    }
    for copy in copies {
      guard let source = map[copy.from] ?? nil else {
        throw ModelError(.invalid, "\(label(node)): its body gives out nothing for an output")
      }
      add(Emit.identity(source, into: copy.to), before: node)
    }
    takeNotes(of: body, map, renamed)
    remove(node)
  }

  /// What the inputs of a body and the names that it reads from outside are in this graph.
  private mutating func bind(_ body: Graph, to operands: [ValueID?]) -> [ValueID: ValueID?] {
    var map: [ValueID: ValueID?] = [:]
    for (info, operand) in zip(body.inputs, operands) { map[info.value] = .some(operand) }
    for info in body.inputs.dropFirst(operands.count) { map[info.value] = .some(nil) }
    for name in body.freeNames {
      guard let inner = body.value(named: name) else { continue }
      let outer: ValueID? = value(named: name) ?? addValue(named: name)
      map[inner] = .some(outer)
    }
    return map
  }

  /// Lets what a body gives out take the names of a node's outputs where it can.
  ///
  /// - Returns: what has to be handed on under another name.
  private mutating func handOver(
    _ node: NodeID, _ body: Graph, _ map: inout [ValueID: ValueID?]
  ) -> [(from: ValueID, to: ValueID)] {
    let results = self[node].outputs
    for slot in results.indices { setOutput(node, slot: slot, to: nil) }
    var copies: [(from: ValueID, to: ValueID)] = []
    for (info, result) in zip(body.outputs, results) {
      guard let result else { continue }
      if map[info.value] == nil, body[info.value].producer != nil {
        map[info.value] = result
      } else {
        copies.append((info.value, result))
      }
    }
    return copies
  }

  /// Takes over what a body says of types and of quantization parameters.
  private mutating func takeNotes(
    of body: Graph, _ map: [ValueID: ValueID?], _ renamed: [String: String]
  ) {
    for info in body.valueInfos {
      guard let value = map[info.value] ?? nil, !valueInfos.contains(where: { $0.value == value })
      else { continue }
      var moved = info
      moved.value = value
      valueInfos.append(moved)
    }
    for annotation in body.quantizationAnnotations {
      var moved = annotation
      moved.tensorName = annotation.tensorName.map { renamed[$0] ?? $0 }
      for place in moved.parameters.indices {
        moved.parameters[place].value = moved.parameters[place].value.map { renamed[$0] ?? $0 }
      }
      quantizationAnnotations.append(moved)
    }
  }

  /// Names of all values, those of nested graphs included.
  private var allNames: [String] {
    valueIDs.map { self[$0].name } + nodeIDs.flatMap { self[$0].subgraphs.flatMap(\.allNames) }
  }
}

extension Attribute {
  /// The attribute with references to a function's parameters replaced, nested graphs included; nil
  /// where the parameter is not given.
  fileprivate func resolved(
    _ parameters: [String: AttributeValue], renaming names: [String: String]
  ) -> Attribute? {
    var copy = self
    switch value {
    case .reference(let name):
      guard let value = parameters[name] else { return nil }
      copy.value = value
      copy.kind = value.kind
    case .graph(let graph): copy.value = .graph(graph.resolved(parameters, renaming: names))
    case .graphs(let graphs):
      copy.value = .graphs(graphs.map { $0.resolved(parameters, renaming: names) })
    default: break
    }
    return copy
  }
}

extension Graph {
  fileprivate func resolved(
    _ parameters: [String: AttributeValue], renaming names: [String: String]
  ) -> Graph {
    var copy = self
    copy.renameFreeValues(names)
    for id in copy.nodeIDs {
      copy[id].attributes = copy[id].attributes.compactMap {
        $0.resolved(parameters, renaming: names)
      }
    }
    return copy
  }
}
