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
    let before = state.model
    var model = before
    _ = try PassManager(try Simplify.passes(options)).run(&model)
    let difference = try setting.verification?.check(before, model)
    state.replace(with: model)
    return StageProof(difference, asked: setting.verification != nil)
  }
}
