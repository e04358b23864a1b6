public import IR
internal import Operators

/// Puts right what runtimes refuse or complain of and what says the same afterwards: nodes in order,
/// names of nodes unique, declared types that contradict inferred ones, declarations of values that
/// nothing has, absent versions.
public struct RepairModel: Annotation {
  /// The edit's name.
  public let name = "repair"

  /// Makes the edit.
  public init() {}

  /// Repairs the model.
  ///
  /// - Throws: `ModelError` for what has no order, or is defined twice.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    report.applied += model.readingNotes.map { .init(node: "file", text: $0) }
    model.readingNotes = []
    if model.irVersion == nil {
      model.irVersion = 8
      report.applied.append(.init(node: "model", text: "IR version 8, since it states none"))
    }
    try repair(&model.graph, &report)
    let stale = try? inferTypes(model)
    if let stale, !stale.contradictions.isEmpty {
      model = model.replacingStaleDeclarations()
      report.applied += stale.contradictions.map {
        .init(node: "declared type", text: "\($0): replaced")
      }
    }
    importSets(&model, &report)
    return report
  }

  private func repair(_ graph: inout Graph, _ report: inout PassReport) throws(ModelError) {
    let order = graph.nodeIDs
    try graph.sortTopologically()
    if graph.nodeIDs != order { report.applied.append(.init(node: "graph", text: "nodes sorted")) }
    var taken: Set<String> = []
    for id in order {
      guard let name = graph[id].name, !name.isEmpty else { continue }
      let new = freshName(name, &taken)
      guard new != name else { continue }
      report.applied.append(.init(node: graph.label(id), text: "is called '\(new)' from now on"))
      graph[id].name = new
    }
    var seen: Set<ValueID> = []
    let declared = graph.valueInfos.filter { info in
      let value = graph[info.value]
      let isThere = value.producer != nil || value.initializer != nil || !value.uses.isEmpty
      return isThere && seen.insert(info.value).inserted && !graph.isInput(info.value)
        && !graph.isOutput(info.value)
    }
    if declared.count < graph.valueInfos.count {
      report.applied.append(
        .init(
          node: "value_info",
          text: "\(graph.valueInfos.count - declared.count) declarations of other things went"))
      graph.valueInfos = declared
    }
    for id in graph.nodeIDs where !graph[id].subgraphs.isEmpty {
      try graph.updateSubgraphs(of: id) { attributes throws(ModelError) in
        for index in attributes.indices {
          guard case .graph(var body) = attributes[index].value else { continue }
          try repair(&body, &report)
          attributes[index].value = .graph(body)
        }
      }
    }
  }

  /// Imports operator sets that nodes use and the model forgot.
  private func importSets(_ model: inout Model, _ report: inout PassReport) {
    let scope = OperatorScope(model)
    for id in model.graph.nodeIDs {
      let node = model.graph[id]
      let domain = node.op.domain
      guard model.opset(of: domain) == nil, !scope.knows(node) else { continue }
      guard !domain.isEmpty else {
        report.declined.append(
          .init(
            node: model.graph.label(id),
            text: "no version of ONNX's operator set is imported, and nothing says which is meant"))
        return
      }
      model.opsetImports.append(OpsetImport(domain: domain, version: 1))
      report.applied.append(
        .init(node: "model", text: "imports version 1 of operator set '\(domain)'"))
    }
  }
}
