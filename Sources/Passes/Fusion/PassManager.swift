public import IR
internal import Operators

/// Runs passes in order, checks invariants after each and, when asked, that results stayed equal.
public struct PassManager: Sendable {
  /// The passes, in order.
  public let passes: [any Pass]
  /// How results are compared after each pass that changed something; nil for no comparison.
  public let verification: Verification?

  /// Makes a manager.
  ///
  /// - Throws: `ModelError` when a pass stands before one that it must follow.
  public init(_ passes: [any Pass], verification: Verification? = nil) throws(ModelError) {
    for (place, pass) in passes.enumerated() {
      for later in passes[(place + 1)...] where pass.runsAfter.contains(later.name) {
        throw ModelError(
          .request, "pass '\(pass.name)': expected to run after '\(later.name)', found it before")
      }
    }
    self.passes = passes
    self.verification = verification
  }

  /// Runs every pass on `model`, whose declared shapes first give way to inferred ones that contradict
  /// them. An error leaves `model` as it was before the pass that failed.
  ///
  /// - Throws: `ModelError` naming the pass: what it threw, a broken invariant, or with code
  ///   `verification` a result that is no longer equal.
  public func run(_ model: inout Model) throws(ModelError) -> [PassReport] {
    var reports: [PassReport] = []
    model = model.replacingStaleDeclarations()
    for pass in passes {
      var copy = model
      let report = try noting("pass '\(pass.name)'") { () throws(ModelError) in
        let report = try pass.run(&copy)
        if !report.applied.isEmpty {
          try copy.graph.checkInvariants()
          if let verification { try verify(pass, model, copy, verification) }
        }
        return report
      }
      if !report.applied.isEmpty { model = copy }
      reports.append(report)
    }
    return reports
  }

  /// Compares the results of a pass's model with the original's; where they differ and the pass works
  /// in steps, the error names the step that broke them.
  private func verify(
    _ pass: any Pass, _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) {
    do { try verification.check(before, after) } catch {
      guard error.code == .verification, let pass = pass as? any SteppedPass,
        let step = try pass.firstBroken(before, verification)
      else { throw error }
      throw error.noting("\(step.rule) at \(step.node)")
    }
  }
}
