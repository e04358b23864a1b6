package import IR
package import Operators

/// A graph while rules change it: the graph, what is known of its values, and which nodes have to
/// be looked at again.
///
/// Rules edit through the methods in `Rewriter+Edits` and `Rewriter+Removals`, each of which marks
/// the nodes that an edit concerns, and ask by those in the other extensions. Nodes keep their
/// identifiers; the order of execution is put right once, by `finish`.
package struct Rewriter {
  /// The graph. Rules read it and change it through the methods of the rewriter.
  package internal(set) var graph: Graph
  /// The version of ONNX's own operator set.
  package let opset: Int
  /// What computed constants may still add to the file.
  package var folder: ConstantFolder

  /// What names of operators mean here.
  let operatorScope: OperatorScope
  /// What lies around the graph, when it is a subgraph.
  let outer: Scope
  /// Names of values with quantization parameters, which hold for their present elements.
  let annotated: Set<String>
  var known: KnownValues
  /// The operators that have been asked for: nil inside for those that are not known.
  var operators: [(any Operator)??]
  var histories: Histories
  var worklist: Worklist
  /// Where a node stands among the nodes of the beginning; inserted ones stand where their
  /// follower stood.
  var position: [Int]

  /// Starts on a graph whose facts are known.
  ///
  /// - Parameters:
  ///   - operatorSets: what rules may use besides the operator sets of the model.
  ///   - folder: how computed constants are limited.
  package init(
    _ facts: TypedGraph, in model: Model, operatorSets: [OpsetImport], folder: ConstantFolder,
    outer: Scope
  ) {
    graph = model.graph
    self.outer = outer
    annotated = Set(graph.quantizationAnnotations.compactMap(\.tensorName))
    var extended = model
    extended.opsetImports += operatorSets.filter { model.opset(of: $0.domain ?? "") == nil }
    operatorScope = OperatorScope(extended)
    opset = model.opset() ?? 1
    self.folder = folder
    known = KnownValues(facts, graph, outer: outer)
    histories = Histories(of: graph)
    let nodes = graph.nodeTable.count
    operators = Array(repeating: nil, count: nodes)
    worklist = Worklist(nodes: nodes)
    position = Array(repeating: 0, count: nodes)
    for (place, id) in graph.nodeIDs.enumerated() {
      position[id.index] = place
      operators[id.index] = .some(facts.op(id))
    }
  }

  /// The graph with its nodes in an order of execution.
  package consuming func finish() throws(ModelError) -> Graph {
    graph.order { [position] in (position[$0.index], $0) }
    try graph.sortTopologically()
    graph.dropUnusedValues()
    return graph
  }

  /// Notes in a node's metadata which nodes a rule absorbed into it, and what these had absorbed.
  package mutating func record(_ rule: String, of absorbed: [String], into survivor: NodeID) {
    histories.record(rule, of: absorbed, into: survivor, &graph)
  }
}
