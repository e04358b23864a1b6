package import IR

/// What the operators say about the nodes of a graph: the shared ground of cost tables, fusion,
/// pruning and quantization.
package struct TypedGraph: Sendable {
  /// The graph, its values annotated with inferred types.
  package let graph: Graph
  private let operators: [(any Operator)?]
  private let data: [[Dimension]?]
  private let constants: [Tensor?]
  /// Nodes whose operator is not known, which no engine looks through.
  package let unknown: [NodeID]
  private let bodies: [NodeID: [TypedGraph]]
  /// Declared shapes that contradict inferred ones, which hold instead: one line each.
  package let contradictions: [String]
  /// Values whose declared shapes contradict the inferred types given here.
  package let stale: [ValueID: ValueType]

  init(
    graph: Graph, operators: [(any Operator)?], data: [[Dimension]?], constants: [Tensor?],
    unknown: [NodeID], bodies: [NodeID: [TypedGraph]], contradictions: [String],
    stale: [ValueID: ValueType]
  ) {
    self.graph = graph
    self.operators = operators
    self.data = data
    self.constants = constants
    self.unknown = unknown
    self.bodies = bodies
    self.contradictions = contradictions
    self.stale = stale
  }

  /// What the operators say inside the bodies that a node runs, in the order of its operator's
  /// `bodies`; empty for nodes that run none.
  package func bodies(_ id: NodeID) -> [TypedGraph] { bodies[id] ?? [] }

  /// The operator of a node, or nil when it is not known.
  package func op(_ id: NodeID) -> (any Operator)? { operators[id.index] }

  /// The value of a constant: an initializer that nothing overrides, or a small result of such.
  package func constant(_ id: ValueID) -> Tensor? {
    (constants[safe: id.index] ?? nil) ?? graph.constant(id)
  }

  /// Whether the graph or a body inside it has a node whose operator is not known.
  package var hasUnknown: Bool {
    !unknown.isEmpty || bodies.values.contains { $0.contains(where: \.hasUnknown) }
  }

  /// The value of a small integer tensor that follows from constants and shapes; nil for
  /// initializers.
  package func derivedConstant(_ id: ValueID) -> Tensor? { constants[safe: id.index] ?? nil }

  /// The elements of a small integer value as expressions over the graph's named lengths, where
  /// they follow from shapes and constants: what Shape, Gather, Concat and arithmetic compute.
  package func data(_ id: ValueID) -> [Dimension]? { data[safe: id.index] ?? nil }

  /// What is known about a node's inputs.
  package func inputs(_ id: NodeID) -> Inputs {
    Inputs(label: graph.label(id), graph[id].inputs.map { $0.map(operand) })
  }

  /// Types of a node's outputs; unknown ones for outputs that are left out.
  package func outputs(_ id: NodeID) -> [TensorType] {
    graph[id].outputs.map { $0.flatMap { graph[$0].tensorType } ?? .unknown }
  }

  /// What is known about a value.
  package func operand(_ id: ValueID) -> Operand {
    Operand(
      name: graph[id].name, valueType: graph[id].type, constant: constant(id),
      data: data[safe: id.index] ?? nil)
  }
}
