public import IR
internal import Samples

/// Sets the least important elements of weights to zero.
public struct SparsifyStage: Stage {
  /// What recipes call it.
  public let name = "sparsify"
  /// What reports call the model after it.
  public let result = "sparse"
  /// What must not hold before it.
  public let excludes: Set<ModelProperty> = [.quantized]
  private let options: SparsityOptions

  /// A stage with options.
  public init(_ options: SparsityOptions) { self.options = options }

  /// Why it needs calibration data; nil where it does not.
  public var needsCalibration: String? {
    options.importance == .wanda ? "importance 'wanda'" : nil
  }

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    var sparsifier = try Sparsifier(state.model, options)
    if options.importance == .wanda, let fit = setting.fit {
      try sparsifier.calibrate(
        on: SampleRun(fit, for: sparsifier.model), options: setting.options,
        progress: { setting.progress($0.within("scoring")) })
    }
    let result = try sparsifier.sparsify()
    state.replace(with: result.model)
    state.sparsity = result.plan
    return try setting.signal(of: result.model, against: state.original)
  }
}
