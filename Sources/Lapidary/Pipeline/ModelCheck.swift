public import IR
internal import Operators

/// Whether a model is well formed: structure, operators, attributes and shapes.
public struct ModelCheck: Sendable {
  /// What is wrong first; nil for a well-formed model.
  public let error: ModelError?
  /// Nodes whose operator is not known here, and about which nothing can be said.
  public let unknown: [String]

  /// Checks a model.
  public init(_ model: Model) {
    do {
      try model.checkInvariants()
      let facts = try inferTypes(model)
      unknown = facts.unknown.map { facts.graph.label($0) }
      error = nil
    } catch {
      self.error = error
      unknown = []
    }
  }
}

/// Nodes whose operator is not known: every pass works around them.
public struct UnknownOperators: Sendable {
  /// One line for each operator that is not known.
  public let notes: [String]

  /// Looks at the main graph.
  public init(_ model: Model) {
    guard let facts = try? inferTypes(model) else {
      notes = []
      return
    }
    notes = facts.unknown.map {
      "\(facts.graph.label($0)): the operator is not known; it was left as it is, and its channels and type too"
    }
  }
}
