public import IR
internal import Samples

/// Drops whole blocks that are added to their own input.
public struct DropStage: Stage {
  /// What recipes call it.
  public let name = "drop"
  /// What reports call the model after it.
  public let result = "shortened"
  /// What must not hold before it.
  public let excludes: Set<ModelProperty> = [.cut, .quantized]
  /// What holds afterwards.
  public let ensures: Set<ModelProperty> = [.cut]
  /// What blocks can go is measured.
  public let needsCalibration: String? = "dropping of blocks"
  private let options: DropOptions
  private let adapts: Bool

  /// A stage with options.
  ///
  /// - Parameter adapts: whether the layers around a dropped block make up for it.
  public init(_ options: DropOptions, adapts: Bool = true) {
    self.options = options
    self.adapts = adapts
  }

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    guard let fit = setting.fit else { return nil }
    let dropper = try BlockDropper(state.model, options, adapts: adapts)
    let result = try dropper.drop(setting, fit: fit)
    state.replace(with: result.model)
    state.drops = result.plan
    state.unmatchedPatterns += dropper.unmatchedPatterns
    state.cut = ModelState.Cut(
      descent: try Descent(result.model, from: dropper.model), macs: result.cost.macs,
      teacherMacs: result.before)
    let before = try setting.signal(of: result.untouched, against: state.original)
    guard adapts else { return before }
    return try setting.signal(of: result.model, against: state.original, before: before)
  }
}
