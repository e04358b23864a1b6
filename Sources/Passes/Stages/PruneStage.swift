public import IR
internal import Samples

/// Removes whole channels.
public struct PruneStage: Stage {
  /// What recipes call it.
  public let name = "prune"
  /// What reports call the model after it.
  public let result = "pruned"
  /// What holds afterwards.
  public let ensures: Set<ModelProperty> = [.cut]
  private let options: PruningOptions
  private let choosesImportance: Bool

  /// A stage with options.
  ///
  /// - Parameter choosesImportance: whether that importance is taken with which least is lost on
  ///   held-out samples once the rest has adapted, where there are enough of them.
  public init(_ options: PruningOptions, choosesImportance: Bool = false) {
    self.options = options
    self.choosesImportance = choosesImportance
  }

  /// Why it needs calibration data; nil where it does not.
  public var needsCalibration: String? {
    options.importance.needsCalibration ? "importance '\(options.importance.name)'" : nil
  }

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    var options = options
    if choosesImportance, let best = try ImportanceChoice.best(for: state, options, setting) {
      options.importance = best.importance
      state.note(best)
    }
    var pruner = try Pruner(state.model, options)
    if options.importance.needsCalibration, let fit = setting.fit {
      let limit = ImportanceChoice.samples(for: try Pruner.macs(of: state.model))
      try pruner.calibrate(
        on: SampleRun(fit, for: pruner.model, limit: limit), options: setting.options,
        progress: { setting.progress($0.within("scoring")) })
      state.notes += pruner.importanceNotes
    }
    let result = try pruner.prune(verification: setting.verification)
    state.replace(with: result.model)
    state.pruning = result.plan
    state.budget = result.budget
    state.unmatchedPatterns += result.unmatchedPatterns
    // What blocks went from before is learnt from still.
    let earlier = state.cut
    state.cut = ModelState.Cut(
      descent: Descent(result, from: earlier?.descent.teacher ?? pruner.model),
      macs: result.after.macs, teacherMacs: earlier?.teacherMacs ?? result.before.macs)
    return StageProof(result.difference, asked: setting.verification != nil)
  }
}
