package import IR

/// How an operator's derivative is computed: the cotangents of its operands from those of its
/// outputs (the vector-Jacobian product of reverse-mode differentiation).
package enum Gradient: Sendable {
  /// The outputs do not change with any operand, where they change smoothly at all: comparisons,
  /// rounding, integers.
  case zero
  /// There is a derivative that is not written, or none; the reason follows.
  case none(String)
  /// Makes a cotangent for each operand; nil for those that the outputs do not depend on.
  case rule(@Sendable (GradientCall) throws(ModelError) -> [Term?])
  /// The operator as others: makes each output of the operands. What these have for derivatives is
  /// its own.
  case spelledOut(@Sendable (GradientCall) throws(ModelError) -> [Term?])
}

/// What a rule of differentiation sees of its node: the values going in and out, the cotangents of
/// the outputs, and what is known of types.
package struct GradientCall {
  package let builder: GraphBuilder
  /// How messages name the node.
  package let label: String
  /// The node as it stands in the graph.
  package let node: Node
  package let facts: Inputs
  package let types: [TensorType]
  /// The cotangent of each output; nil where the loss does not depend on it.
  package let cotangents: [Term?]
  /// The node's place in the graph that is built.
  package var id: NodeID?
  /// Which inputs change with what the graph is differentiated by.
  package var varies: [Bool] = []
  /// What the node's bodies read by name. A rule's cotangents of these come after those of the inputs.
  package var captures: [Capture] = []
  /// Differentiates the node's bodies; nil where it runs none.
  package var bodies: (any BodyDifferentiation)?

  /// A value that bodies read by name.
  package struct Capture {
    package let name: String
    package let term: Term
    /// Whether it changes with what the graph is differentiated by.
    package let varies: Bool
  }

  package init(
    builder: GraphBuilder, label: String, node: Node, facts: Inputs, types: [TensorType],
    cotangents: [Term?]
  ) {
    self.builder = builder
    self.label = label
    self.node = node
    self.facts = facts
    self.types = types
    self.cotangents = cotangents
  }

  /// Whether the node has the input.
  package func has(_ index: Int) -> Bool { (node.inputs[safe: index] ?? nil) != nil }

  /// An input; an error when it is left out.
  package func input(_ index: Int) throws(ModelError) -> Term {
    guard let id = node.inputs[safe: index] ?? nil else {
      throw ModelError(.invalid, "\(label), input \(index): expected a value, found none")
    }
    return Term(builder, id, facts.type(index))
  }

  /// An input; nil when it is left out.
  package func optional(_ index: Int) -> Term? {
    (node.inputs[safe: index] ?? nil).map { Term(builder, $0, facts.type(index)) }
  }

  /// Whether the node names the output.
  package func wants(_ index: Int) -> Bool { (node.outputs[safe: index] ?? nil) != nil }

  /// An output; an error when the node does not name it.
  package func output(_ index: Int) throws(ModelError) -> Term {
    guard let id = node.outputs[safe: index] ?? nil else {
      throw ModelError(.invalid, "\(label), output \(index): expected a value, found none")
    }
    return Term(builder, id, types[safe: index] ?? .unknown)
  }

  /// The cotangent of an output, zeros where the loss does not depend on it.
  package func cotangent(_ index: Int) throws(ModelError) -> Term {
    if let given = cotangents[safe: index] ?? nil { return given }
    let output = try output(index)
    return output.number(0).expanded(like: output)
  }

  /// The shape of an input; an error where its rank is not known.
  package func shape(_ index: Int) throws(ModelError) -> Shape {
    guard let shape = facts.shape(index) else { throw unknown("the rank of input \(index)") }
    return shape
  }

  /// An axis of input 0, made non-negative.
  package func axis(_ axis: Int) throws(ModelError) -> Int {
    if axis >= 0, facts.rank(0) == nil { return axis }
    return try facts.normalizedAxis(axis, rank: shape(0).rank)
  }

  /// An error that says what a derivative would need to know.
  package func unknown(_ what: String) -> ModelError {
    ModelError(.unsupported, "\(label): its derivative needs to know \(what)")
  }

  /// A term summed over the axes along which an input was broadcast, to that input's shape.
  package func summed(_ term: Term, like index: Int) throws(ModelError) -> Term {
    term.summed(like: try input(index))
  }

  /// The cotangent times the derivative of the node's function at `x`, in one pass; nil where only
  /// standard operators are wanted.
  package func slope(at x: Term, _ g: Term) -> Term? {
    guard !builder.isPortable else { return nil }
    return builder.inner(Inner.slope, [g, x], of: node).typed(as: x.type)
  }

  /// See `Gradient.moved`.
  package func movedBack() throws(ModelError) -> Term {
    let x = try input(0), g = try cotangent(0)
    let operands =
      [g]
      + (0..<node.inputs.count).map { index in
        node.inputs[index].map { Term(builder, $0, facts.type(index)) }
      }
    // Integers that stand for numbers have cotangents of floats.
    return builder.inner(Inner.moved, operands, of: node).typed(
      as: TensorType(g.type.elementType, x.type.shape))
  }
}
