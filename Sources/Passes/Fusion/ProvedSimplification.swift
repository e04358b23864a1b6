public import IR

/// A simplified model that was compared with the original.
public struct ProvedSimplification: Sendable {
  /// The model.
  public let model: Model
  /// What was done and declined.
  public let reports: [PassReport]
  /// The largest relative difference; nil where Lapidary cannot run the model.
  public let difference: Double?
  /// What was left out since it would have changed results: node, rule and how.
  public let rolledBack: [PassReport.Entry]
}

extension Simplify {
  /// After so many rewrites of one rule have been rolled back, the rule is left out.
  private static let mostOfOne = 4
  /// After so many in all the error is thrown.
  private static let most = 64

  /// Simplifies a model and proves it. A rewrite that changes the result is left out, and the rest is
  /// done without it.
  ///
  /// - Throws: `ModelError` with code `verification` where the rewrite to blame is not found.
  public static func proved(
    _ model: Model, _ options: FusionOptions, _ verification: Verification
  ) throws(ModelError) -> ProvedSimplification {
    var rolledBack: [PassReport.Entry] = []
    while true {
      let pass = try Simplification(options, without: rolledBack)
      var copy = model
      let reports = try PassManager([pass]).run(&copy)
      do {
        let difference =
          reports.allSatisfy(\.applied.isEmpty) ? 0 : try verification.check(model, copy)
        return ProvedSimplification(
          model: copy, reports: reports, difference: difference, rolledBack: rolledBack)
      } catch {
        guard error.code == .verification, rolledBack.count < most,
          let step = try pass.firstBroken(model, verification)
        else { throw error }
        let earlier = rolledBack.count { $0.rule == step.rule }
        let node = earlier < mostOfOne ? step.node : Simplification.everywhere
        guard !rolledBack.contains(where: { $0.rule == step.rule && $0.node == node }) else {
          throw error.noting("\(step.rule) at \(step.node)")
        }
        rolledBack.append(.init(node: node, text: error.message, rule: step.rule))
      }
    }
  }
}
