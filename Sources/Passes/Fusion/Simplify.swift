public import IR

/// The passes of `fuse`, in their order: clean-up, fusion, clean-up of what fusion left.
public enum Simplify {
  /// Makes the pipeline.
  ///
  /// - Parameters:
  ///   - only: names of fusion rules to apply; empty for all.
  ///   - skip: names of fusion rules to leave out.
  public static func passes(
    only: [String] = [], skip: [String] = []
  ) throws(ModelError) -> [any Pass] {
    [
      ConstantsToInitializers(), IdentityRemoval(), ConstantFolding(),
      try FusionPass(only: only, skip: skip), IdentityRemoval(), DeadCode(),
    ]
  }
}
