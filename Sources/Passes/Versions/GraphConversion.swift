internal import IR
internal import Operators

/// Takes the nodes of one graph, and of the graphs in them, from one version of the operator set to
/// another.
struct GraphConversion {
  private var edit: VersionEdit
  private let facts: VersionFacts
  private let from: Int
  private let to: Int
  private let functions: Set<Function.Name>
  /// Names that enclosing graphs have.
  private let reserved: Set<String>
  /// Labels of the nodes that were rewritten, in order.
  private(set) var rewritten: [String] = []
  /// Why nodes could not be rewritten.
  private(set) var declines: [ModelError] = []
  private var changed: Set<NodeID> = []
  /// Whether a graph inside a node was changed.
  private var hasChangedBody = false
  private var declined: Set<NodeID> = []

  var graph: Graph { edit.graph }

  init(
    _ graph: Graph, _ facts: VersionFacts, from: Int, to: Int, functions: Set<Function.Name>,
    reserved: Set<String> = []
  ) throws(ModelError) {
    self.facts = facts
    self.from = from
    self.to = to
    self.functions = functions
    self.reserved = reserved
    edit = VersionEdit(graph, facts, to: to, reserved: reserved)
    guard from >= OperatorSets.oldest else {
      throw ModelError(
        .unsupported,
        "operator set: expected version \(OperatorSets.oldest) or later, found \(from)")
    }
  }

  /// Spells nodes in the one way that neighbouring versions share, as far as types are known.
  mutating func even() throws(ModelError) {
    try convertBodies { conversion throws(ModelError) in try conversion.even() }
    edit.version = to
    for id in graph.nodeIDs where isConverted(graph[id]) {
      let revisions = Registry.find(graph[id].op, opset: to)?.revisions ?? []
      edit.move(to: id)
      if let step = Registry.find(graph[id].op, opset: to)?.generalization { try? step(&edit) }
      for revision in revisions where revision.opset <= to {
        // What cannot be said otherwise stays as it is.
        if let step = revision.even { try? step(&edit) }
      }
      if edit.isChanged { changed.insert(id) }
    }
    try finish()
  }

  mutating func run() throws(ModelError) {
    guard from != to else { return }
    try convertBodies { conversion throws(ModelError) in try conversion.run() }
    let original = graph.nodeIDs
    if from < to {
      for version in from + 1...to { step(to: version, over: version) }
    } else {
      for version in (to + 1...from).reversed() { step(to: version - 1, over: version) }
    }
    for id in original where changed.contains(id) && graph.contains(id) {
      rewritten.append(graph.label(id))
    }
    for id in graph.nodeIDs where !declined.contains(id) { check(id) }
    try finish()
  }

  private mutating func finish() throws(ModelError) {
    guard !changed.isEmpty || hasChangedBody else { return }
    edit.removeOrphans()
    try edit.updateGraph { graph throws(ModelError) in try graph.sortTopologically() }
  }

  /// Whether a node is of ONNX's own operators and not of the model's functions.
  private func isConverted(_ node: Node) -> Bool {
    node.isStandard && !functions.contains(Function.Name(node.op, overload: node.overload))
  }

  /// Rewrites the nodes to a version, over the version that made the change between.
  private mutating func step(to version: Int, over change: Int) {
    let isUp = version == change
    edit.version = version
    for id in graph.nodeIDs where isConverted(graph[id]) && !declined.contains(id) {
      let before = isUp ? version - 1 : change
      let revisions = (Registry.find(graph[id].op, opset: before)?.revisions ?? []).filter {
        $0.opset == change
      }
      guard !revisions.isEmpty else { continue }
      edit.move(to: id)
      do {
        for revision in isUp ? revisions : revisions.reversed() {
          try isUp ? revision.up(&edit) : revision.down(&edit)
        }
      } catch {
        decline(id, error)
      }
      if edit.isChanged { changed.insert(id) }
    }
  }

  private mutating func decline(_ id: NodeID, _ error: ModelError) {
    declined.insert(id)
    declines.append(error)
  }

  /// Converts the graphs that nodes hold.
  private mutating func convertBodies(
    _ convertBody: (inout GraphConversion) throws(ModelError) -> Void
  ) throws(ModelError) {
    for id in graph.nodeIDs where !graph[id].subgraphs.isEmpty {
      let names = reserved.union(graph.valueIDs.map { graph[$0].name })
      let (from, to, facts, functions) = (from, to, facts, functions)
      var (inner, errors): ([String], [ModelError]) = ([], [])
      try edit.updateGraph { graph throws(ModelError) in
        try graph.updateSubgraphs(of: id) { attributes throws(ModelError) in
          var place = 0
          func convert(_ body: Graph) throws(ModelError) -> Graph {
            var conversion = try GraphConversion(
              body, facts.body(place, of: id), from: from, to: to, functions: functions,
              reserved: names)
            place += 1
            try convertBody(&conversion)
            inner += conversion.rewritten
            errors += conversion.declines
            return conversion.graph
          }
          for index in attributes.indices {
            switch attributes[index].value {
            case .graph(let body): attributes[index].value = .graph(try convert(body))
            case .graphs(let bodies):
              var converted: [Graph] = []
              for body in bodies { converted.append(try convert(body)) }
              attributes[index].value = .graphs(converted)
            default: break
            }
          }
        }
      }
      if !inner.isEmpty { hasChangedBody = true }
      rewritten += inner
      declines += errors
    }
  }

  // MARK: What the version takes

  /// Checks a node against what the version says of its operator.
  private mutating func check(_ id: NodeID) {
    let node = graph[id]
    guard isConverted(node) else { return }
    do throws(ModelError) {
      guard Registry.find(node.op, opset: to) != nil else { throw missing(node, id) }
      guard let signature = Registry.signature(of: node.op, opset: to) else { return }
      try signature.check(NodeView(graph, id))
      let label = graph.label(id)
      try signature.check(types: node.inputs.map { edit.type(of: $0).elementType }) {
        ModelError(.unsupported, "\(label), input \($0): expected \($1), found \($2)")
      }
      for (index, value) in node.outputs.enumerated() {
        try check(value, signature.output(index), "\(label), output \(index)")
      }
      for (index, value) in node.inputs.enumerated() {
        try check(value, signature.input(index), "\(label), input \(index)")
      }
    } catch {
      decline(id, error)
    }
  }

  private func check(
    _ value: ValueID?, _ formal: Signature.Formal?, _ label: String
  ) throws(ModelError) {
    guard let value, let formal, let type = facts.type(value) ?? graph[value].type,
      !formal.types.contains(type)
    else { return }
    throw ModelError(.unsupported, "\(label): expected \(formal.types), found \(type)")
  }

  private func missing(_ node: Node, _ id: NodeID) -> ModelError {
    let known = Registry.opsets(of: node.op)
    let reason =
      known.isEmpty
      ? "the operator is not known"
      : known.contains { $0.lowerBound > to }
        ? "the operator came with operator set \(known[0].lowerBound)"
        : "the operator ended with operator set \((known.last?.upperBound ?? 0) + 1)"
    return ModelError(.unsupported, "\(graph.label(id)): \(reason)")
  }
}
