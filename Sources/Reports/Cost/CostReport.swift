public import IR
internal import Operators

/// What a model costs to run and to store.
public struct CostReport: Sendable {
  /// The cost of one node.
  public struct NodeCost: Sendable {
    /// Operator and name, preceded by the enclosing nodes for nodes of subgraphs.
    public let label: String
    /// The operator.
    public let op: OperatorName
    /// Multiply-accumulates for one sample; nil when a length or the operator is not known.
    public let macs: Int?
    /// Elements of the weights that this node is the first to read.
    public let parameters: Int
  }

  /// The total of one operator.
  public struct OperatorCost: Sendable {
    /// The operator.
    public let op: OperatorName
    /// The number of nodes.
    public let count: Int
    /// Their multiply-accumulates; nodes whose number is not known add nothing.
    public let macs: Int
    /// Their parameters.
    public let parameters: Int
  }

  /// Nodes in execution order, those of subgraphs after the node that holds them.
  public private(set) var nodes: [NodeCost] = []
  /// Elements of trained weights.
  public private(set) var parameters = 0
  /// Bytes of all constants, trained or not.
  public private(set) var weightBytes = 0

  /// Multiply-accumulates of one run for one sample: symbolic and unknown lengths count as 1, or as
  /// the caller binds them. Bodies of loops count once, both branches of a condition count.
  public var macs: Int { nodes.reduce(0) { $0.clampedSum($1.macs ?? 0) } }

  /// Labels of nodes whose number of multiply-accumulates is not known.
  public var uncounted: [String] { nodes.filter { $0.macs == nil }.map(\.label) }

  /// Totals by operator, those with the most nodes first.
  public var operators: [OperatorCost] {
    Dictionary(grouping: nodes, by: \.op).map { op, nodes in
      OperatorCost(
        op: op, count: nodes.count, macs: nodes.reduce(0) { $0.clampedSum($1.macs ?? 0) },
        parameters: nodes.reduce(0) { $0.clampedSum($1.parameters) })
    }
    .sorted { ($1.count, $0.op.description) < ($0.count, $1.op.description) }
  }

  /// Open lengths of the inputs and what they were taken to be; the name is the symbol's or, for
  /// a length without one, the input's with the axis.
  public private(set) var assumed: [(name: String, length: Int)] = []

  /// Counts the cost of a model.
  ///
  /// Where the network is not possible with open lengths of 1, those count that follow from its weights
  /// and from each other, such as a batch that is written into the graph. Failing that, as in a
  /// convolution without padding over an open height, only the first axis of each input is taken to be
  /// 1, and then none, and the nodes whose cost depends on the others are `uncounted`.
  ///
  /// - Parameter binding: lengths for symbolic dimensions; 1 for those left out.
  /// - Throws: what shape inference throws for a model whose nodes break their operators' rules.
  public init(_ model: Model, binding: [String: Int] = [:]) throws(ModelError) {
    if let found = try? Self(model, Assumption(binding: binding)) {
      self = found
      return
    }
    let solved = Assumption.solved(model, binding)
    for assumption in [
      solved, Assumption(binding: binding, axes: .first), Assumption(binding: binding, axes: .none),
    ] {
      guard let found = try? Self(model, assumption) else { continue }
      self = found
      return
    }
    try self.init(model, Assumption(binding: binding))
  }

  private init(_ model: Model, _ assumption: Assumption) throws(ModelError) {
    let sample = assumption.apply(to: model)
    assumed = sample.assumed
    var seen: Set<String> = []
    count(
      try Self.infer(sample.model, sample.lengths), path: "", isFirst: true, functions: &seen)
  }

  /// Counts a graph and the bodies that its nodes run.
  ///
  /// - Parameters:
  ///   - isFirst: whether the graph's constants are not counted yet, as they are at the second call
  ///     of a function.
  ///   - functions: the functions whose constants are counted.
  private mutating func count(
    _ facts: TypedGraph, path: String, isFirst: Bool, functions: inout Set<String>
  ) {
    let graph = facts.graph
    var owned: [NodeID: Int] = [:]
    for (_, tensor, reader) in isFirst ? facts.weights : [] {
      parameters = parameters.clampedSum(tensor.count)
      if let reader { owned[reader, default: 0] += tensor.count }
    }
    for id in isFirst ? graph.valueIDs : [] {
      weightBytes = weightBytes.clampedSum(facts.storedConstant(id)?.byteCount ?? 0)
    }
    for id in graph.nodeIDs {
      let label = path + graph.label(id)
      let macs = facts.op(id)?.macs(facts.inputs(id), facts.outputs(id))
      nodes.append(
        NodeCost(label: label, op: graph[id].op, macs: macs, parameters: owned[id] ?? 0))
      for (body, inner) in zip(facts.op(id)?.bodies ?? [], facts.bodies(id)) {
        let isNew = body.function.map { functions.insert("\($0)").inserted } ?? true
        count(inner, path: label + " / ", isFirst: isFirst && isNew, functions: &functions)
      }
    }
  }

  /// Types with the lengths bound. Declared intermediate types may hold for other lengths only; when
  /// they contradict, inference goes without them.
  private static func infer(
    _ model: Model, _ lengths: [String: Int]
  ) throws(ModelError) -> TypedGraph {
    if let facts = try? inferTypes(model, binding: lengths) { return facts }
    var bare = model
    bare.graph.valueInfos = []
    return try inferTypes(bare, binding: lengths)
  }
}

extension Int {
  /// The sum, at most the largest number there is.
  fileprivate func clampedSum(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
