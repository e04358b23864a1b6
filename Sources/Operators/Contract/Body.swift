package import IR

/// A graph that an operator runs as a part of itself.
package struct Body: Sendable {
  /// What messages call it: the attribute that holds it, or the function.
  package let name: String
  package let graph: Graph
  /// The function whose body it is; nil for a subgraph, which reads values of the enclosing graph
  /// by name and uses its operator sets.
  package let function: Function.Name?
  /// The operator sets of a function's body.
  package let opsets: [OpsetImport]

  /// A subgraph.
  package init(_ name: String, _ graph: Graph) {
    self.name = name
    self.graph = graph
    function = nil
    opsets = []
  }

  /// The body of a function.
  package init(_ function: Function, graph: Graph) {
    name = "\(function.op)"
    self.graph = graph
    self.function = function.fullName
    opsets = function.opsetImports
  }

  /// Checks how many values go in and come out.
  package func require(
    inputs: ClosedRange<Int>, outputs: ClosedRange<Int>, _ label: String
  ) throws(ModelError) {
    for (what, count, range) in [
      ("inputs", graph.inputs.count, inputs), ("outputs", graph.outputs.count, outputs),
    ] where !range.contains(count) {
      let wanted =
        range.upperBound == .max
        ? "at least \(range.lowerBound)"
        : range.count == 1
          ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw ModelError(
        .invalid,
        "\(label), attribute '\(name)': expected a graph with \(wanted) \(what), found \(count)"
      )
    }
  }
}

/// Finds the types of what a body computes.
package protocol BodyInference: Sendable {
  /// Types of the body's outputs, and their values where these follow from shapes.
  ///
  /// - Parameters:
  ///   - body: its place among the operator's bodies.
  ///   - arguments: what is known about the body's inputs, from the first on; for those beyond, what
  ///     the body declares.
  func infer(_ body: Int, _ arguments: [Operand?]) throws(ModelError) -> [Operand]

  /// Says that a body never runs: shapes in it that do not fit are no error.
  func neverRuns(_ body: Int)
}

extension Function {
  /// What a node says to call a function.
  package struct Name: Hashable, Sendable {
    package let op: OperatorName
    package let overload: String

    package init(_ op: OperatorName, overload: String?) {
      self.op = op
      self.overload = overload ?? ""
    }
  }

  /// What nodes say to call the function.
  package var fullName: Name { Name(op, overload: overload) }
}
