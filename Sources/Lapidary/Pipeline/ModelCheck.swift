public import IR
internal import Operators

/// Whether a model is well formed: structure, imports, operators, attributes and shapes.
public struct ModelCheck: Sendable {
  /// What is wrong first; nil for a well-formed model.
  public let error: ModelError?
  /// Nodes whose operator is not known here, and about which nothing can be said.
  public let unknown: [String]
  /// What the standard does not allow and runtimes take, a line each.
  public let warnings: [String]

  /// The verdict on a model that is so invalid that it cannot be taken apart.
  public init(failure: ModelError) {
    error = failure
    unknown = []
    warnings = []
  }

  /// Checks a model.
  public init(_ model: Model) {
    var conventions = Conventions(model)
    do {
      try model.checkInvariants()
      try conventions.check()
      let facts = try inferTypes(model, declared: .required)
      unknown = facts.unknown.map { facts.graph.label($0) }
      conventions.warnings += facts.contradictions
      error = nil
    } catch {
      self.error = error
      unknown = []
    }
    warnings = model.readingNotes + conventions.warnings
  }
}

/// What a report on a changed model should say about the model itself.
public struct ModelNotes: Sendable {
  /// One line for what reading the file put right, for each operator that is not known, which every
  /// pass works around, and for each declared shape that contradicts the inferred one, which holds
  /// instead.
  public let lines: [String]

  /// Looks at the main graph.
  public init(_ model: Model) {
    guard let facts = try? inferTypes(model) else {
      lines = model.readingNotes
      return
    }
    let unknown = facts.unknown.map { id in
      let domain = facts.graph[id].op.domain
      let reason =
        model.opset(of: domain) == nil
        ? "no operator set of domain '\(domain)' is imported" : "the operator is not known"
      return
        "\(facts.graph.label(id)): \(reason); it was left as it is, and its channels and type too"
    }
    lines =
      model.readingNotes + unknown + facts.contradictions.map { "\($0), which does not count" }
  }
}
