package import IR

/// An operator that stands for nodes which follow from the graph around it. A session puts these in its
/// place before anything runs.
package protocol StandIn: Operator {
  /// The nodes: a graph with the operator's inputs and outputs. Names that it reads but does not define
  /// are values of the model's graph.
  ///
  /// - Parameters:
  ///   - model: the model around the node.
  ///   - isLast: whether no other such operator follows, which may differentiate the nodes.
  /// - Returns: the graph, and operator sets that it needs.
  func nodes(
    of id: NodeID, in model: Model, isLast: Bool
  ) throws(ModelError) -> (graph: Graph, imports: [OpsetImport])
}

extension Model {
  /// Nodes of the main graph whose operator stands for others, in order.
  package var standIns: [NodeID] {
    let graph = graph
    return graph.nodeIDs.filter { id in
      let node = graph[id]
      guard !node.isStandard, let opset = opset(of: node.op.domain) else { return false }
      return Registry.find(node.op, opset: opset) is any StandIn.Type
    }
  }

  /// The model with nodes in the place of operators that stand for them.
  package func unfolded() throws(ModelError) -> Model {
    let ids = standIns
    guard !ids.isEmpty else { return self }
    var model = self
    for id in ids {
      guard let op = try OperatorScope(model).make(model.graph, id) as? any StandIn else {
        continue
      }
      let (graph, imports) = try op.nodes(of: id, in: model, isLast: id == ids.last)
      try model.graph.replace(id, with: graph, operands: model.graph[id].inputs)
      model.importMissing(imports)
    }
    return model
  }
}
