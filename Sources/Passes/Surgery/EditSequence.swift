public import IR
internal import Operators

/// Edits in order, each on what the one before left, each proved by itself.
public struct EditSequence: Sendable {
  /// What one edit did.
  public struct Step: Sendable {
    /// What was applied and declined.
    public let report: PassReport
    /// How it was proved.
    public let proof: EditProof
  }

  private let edits: [any GraphEdit]

  /// Makes a sequence.
  public init(_ edits: [any GraphEdit]) { self.edits = edits }

  /// Whether there is nothing to do.
  public var isEmpty: Bool { edits.isEmpty }

  /// Edits a model. An error leaves it as it was.
  ///
  /// - Parameter verification: how results are proved; nil for no proof.
  /// - Throws: `ModelError` naming the edit.
  public func run(
    _ model: inout Model, verification: Verification?
  ) throws(ModelError) -> [Step] {
    var steps: [Step] = []
    var current = model
    for edit in edits {
      let step = try noting(edit.name) { () throws(ModelError) -> Step in
        var copy = current
        let report = try edit.run(&copy)
        guard !report.applied.isEmpty else { return Step(report: report, proof: .sameComputation) }
        try copy.checkInvariants()
        try Self.checkTypes(current, copy)
        let proof =
          try verification.map { verification throws(ModelError) in
            try edit.prove(current, copy, verification)
          } ?? .notAsked
        current = copy
        return Step(report: report, proof: proof)
      }
      steps.append(step)
    }
    model = current
    return steps
  }

  /// What was a well-typed model has to be one afterwards.
  private static func checkTypes(_ before: Model, _ after: Model) throws(ModelError) {
    do { _ = try inferTypes(after) } catch {
      guard (try? inferTypes(before)) != nil else { return }
      throw error
    }
  }
}
