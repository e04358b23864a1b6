public import IR

/// The passes of `fuse`, and what a user may know of their rules.
public enum Simplify {
  /// One line of the list of rules.
  public struct Rule: Sendable {
    /// The name for `--only` and `--skip`.
    public let name: String
    /// What the rule does, in one line.
    public let summary: String
    /// Who can run the result.
    public let targets: [FusionTarget]
  }

  /// All rules, in the order in which they are tried.
  public static var rules: [Rule] {
    RuleCatalogue.entries.map { Rule(name: $0.name, summary: $0.summary, targets: $0.targets) }
  }

  /// Makes the pipeline.
  ///
  /// - Throws: `ModelError` when a name in the options is not a rule's.
  public static func passes(
    _ options: FusionOptions = FusionOptions()
  ) throws(ModelError) -> [any Pass] {
    [try Simplification(options)]
  }

  /// What other passes start from: constants in initializers and computed, identities and dead code
  /// gone, nothing fused. Constants are computed only where that takes no more bytes: a weight that
  /// a node fills is cut by cutting its shape.
  static func cleanup() throws(ModelError) -> [any Pass] {
    let rules: [String] = [
      ConstantsToInitializers.name, RemoveIdentities.name, FoldConstants.name, RemoveDeadCode.name,
      UnwrapStridedGather.name,
    ]
    return try passes(FusionOptions(only: rules, growthLimit: 0))
  }
}
