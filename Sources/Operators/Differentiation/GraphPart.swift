import IR

/// The nodes of a graph between some values and one that is computed from them.
struct GraphPart {
  private let leaves: [ValueID]
  private let result: ValueID
  private var model: Model
  private let original: Graph

  /// - Parameter leaves: values that count as given, whatever computes them.
  init(_ model: Model, from leaves: [ValueID], to result: ValueID) {
    self.leaves = leaves
    self.result = result
    self.model = model
    original = model.graph
    let graph = model.graph
    var moving = Set(leaves)
    var inside: [NodeID] = []
    for id in graph.nodeIDs {
      let node = graph[id]
      guard (node.inputs.compactMap { $0 } + node.captures).contains(where: moving.contains) else {
        continue
      }
      inside.append(id)
      moving.formUnion(node.outputs.compactMap { $0 })
    }
    var needed: Set<ValueID> = leaves.contains(result) ? [] : [result]
    var kept: Set<NodeID> = []
    for id in inside.reversed() {
      let node = graph[id]
      guard node.outputs.contains(where: { $0.map(needed.contains) ?? false }) else { continue }
      kept.insert(id)
      needed.formUnion(node.inputs.compactMap { $0 } + node.captures)
      needed.subtract(leaves)
    }
    self.model.graph.removeOutputs()
    for id in graph.nodeIDs.reversed() where !kept.contains(id) { self.model.graph.remove(id) }
  }

  /// A graph that takes the leaves and gives the derivatives of the result by the first of them.
  func differentiated(
    count: Int, isPortable: Bool
  ) throws(ModelError) -> (graph: Graph, imports: [OpsetImport]) {
    guard let opset = model.opset(), opset >= 9 else {
      throw ModelError(.unsupported, "expected operator set 9 or later")
    }
    // What computes a leaf is not looked through, and types are those of the whole.
    var whole = model
    whole.graph = original
    let types = try inferTypes(whole).graph
    var part = model
    for leaf in leaves {
      if let producer = part.graph[leaf].producer,
        let slot = part.graph[producer].outputs.firstIndex(of: leaf)
      {
        part.graph.setOutput(producer, slot: slot, to: nil)
      }
    }
    for value in part.graph.valueIDs { part.graph.setType(value, types[value].type) }
    for leaf in leaves { part.graph.setInitializer(leaf, nil) }
    part.graph.setInputs(leaves.map { ValueInfo($0, type: types[$0].type) })
    let typed = try inferTypes(part)
    let builder = GraphBuilder(part.graph, opset: opset, isPortable: isPortable)
    var walk = BackwardWalk(typed, builder, part, by: Array(leaves.prefix(count)))
    let y = Term(builder, result, types[result].tensorType ?? .unknown)
    walk.seed(result, y.number(1).expanded(like: y))
    try walk.run()
    if let obstacle = walk.obstacles.first {
      throw ModelError(.unsupported, "\(obstacle.node) has no derivative: \(obstacle.reason)")
    }
    for leaf in leaves.prefix(count) {
      let x = Term(builder, leaf, types[leaf].tensorType ?? .unknown)
      builder.output("derivative", walk.total(leaf) ?? x.number(0).expanded(like: x))
    }
    builder.dropUnread()
    builder.edit { graph in
      // What the whole graph has too is read there.
      for id in graph.initializers where id.index < original.valueCount {
        graph.setInitializer(id, nil)
      }
    }
    return (builder.graph, builder.imports)
  }
}
