internal import IR
internal import Operators

/// What runtimes ask of a model beside what its operators say: imports of operator sets, names of
/// nodes, attributes that exclude each other. As ONNX Runtime 1.31 has it, which refuses to load what
/// is an error here.
struct Conventions {
  /// What the standard does not allow and runtimes take.
  var warnings: [String] = []
  private let model: Model
  private let scope: OperatorScope

  init(_ model: Model) {
    self.model = model
    scope = OperatorScope(model)
  }

  /// Looks at the main graph and the graphs in its nodes.
  mutating func check() throws(ModelError) {
    guard !model.opsetImports.isEmpty else {
      throw ModelError(
        .invalid, "model: expected at least one import of an operator set, found none")
    }
    try check(model.graph)
  }

  private mutating func check(_ graph: Graph) throws(ModelError) {
    var names: [String: NodeID] = [:]
    for id in graph.nodeIDs {
      let node = graph[id]
      if let name = node.name, !name.isEmpty, let other = names.updateValue(id, forKey: name) {
        throw ModelError(
          .invalid,
          "\(graph.label(id)): expected a name of its own, found that of \(graph.label(other)),"
            + " which computes '\(output(graph, other))', at the node that computes"
            + " '\(output(graph, id))'")
      }
      try checkImport(graph, id)
      try checkPadding(graph, id)
      for body in node.subgraphs {
        try noting(graph.label(id)) { () throws(ModelError) in try check(body) }
      }
    }
  }

  private func output(_ graph: Graph, _ id: NodeID) -> String {
    graph[id].outputs.compactMap { $0 }.first.map { graph[$0].name } ?? ""
  }

  private mutating func checkImport(_ graph: Graph, _ id: NodeID) throws(ModelError) {
    let node = graph[id]
    let domain = node.op.domain
    guard model.opset(of: domain) == nil, !scope.knows(node) else { return }
    let message =
      "\(graph.label(id)): expected an import of the operator set of domain '\(domain)', found none"
    // Runtimes take the latest set that they have of a domain that they know.
    guard Registry.knows(domain: domain) else { throw ModelError(.invalid, message) }
    note(message)
  }

  /// `auto_pad` and `pads` exclude each other. Convolutions with both are refused; pools are not, and
  /// use `auto_pad`.
  private mutating func checkPadding(_ graph: Graph, _ id: NodeID) throws(ModelError) {
    let node = graph[id]
    guard case .string(let mode)? = node.attribute("auto_pad"), mode != Array("NOTSET".utf8),
      node.attribute("pads") != nil, node.isStandard
    else { return }
    let message =
      "\(graph.label(id)), attribute 'pads': expected none beside auto_pad"
      + " '\(String(decoding: mode, as: UTF8.self))', found some"
    if try scope.make(graph, id) is any Pool { return note(message) }
    throw ModelError(.invalid, message)
  }

  private mutating func note(_ line: String) {
    if !warnings.contains(line) { warnings.append(line) }
  }
}
