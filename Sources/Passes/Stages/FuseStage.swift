public import IR

/// Simplifies and fuses.
public struct FuseStage: Stage {
  /// What recipes call it.
  public let name = "fuse"
  /// What reports call the model after it.
  public let result = "fused"
  private let options: FusionOptions

  /// A stage with options.
  public init(_ options: FusionOptions = FusionOptions()) { self.options = options }

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    guard let verification = setting.verification else {
      var model = state.model
      _ = try PassManager(try Simplify.passes(options)).run(&model)
      state.replace(with: model)
      return .notAsked
    }
    let proved = try Simplify.proved(state.model, options, verification)
    state.replace(with: proved.model)
    state.notes += proved.rolledBack.map { "rolled back: \($0.rule) at \($0.node): \($0.text)" }
    return StageProof(proved.difference, asked: true)
  }
}
