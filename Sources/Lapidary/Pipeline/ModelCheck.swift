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
      let facts = try inferTypes(model, declared: .required)
      unknown = facts.unknown.map { facts.graph.label($0) }
      error = nil
    } catch {
      self.error = error
      unknown = []
    }
  }
}

/// What a report on a changed model should say about the model itself.
public struct ModelNotes: Sendable {
  /// One line for each operator that is not known, which every pass works around, and for each
  /// declared shape that contradicts the inferred one, which holds instead.
  public let lines: [String]

  /// Looks at the main graph.
  public init(_ model: Model) {
    guard let facts = try? inferTypes(model) else {
      lines = []
      return
    }
    let unknown = facts.unknown.map {
      "\(facts.graph.label($0)): the operator is not known; it was left as it is, and its channels and type too"
    }
    lines = unknown + facts.contradictions.map { "\($0), which does not count" }
  }
}
