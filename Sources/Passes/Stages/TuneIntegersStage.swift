public import Gradients
public import IR
internal import Samples

/// Lets a quantized model's integers, scales and biases learn, step by step, what the original computed.
public struct TuneIntegersStage: Stage {
  /// What recipes call it.
  public let name = "tune"
  /// What reports call the model after it.
  public let result = "learned"
  /// What must hold before it.
  public let requires: Set<ModelProperty> = [.quantized]
  /// What holds afterwards.
  public let ensures: Set<ModelProperty> = [.quantized]
  /// It learns from samples.
  public let needsCalibration: String? = "tuning"
  private let options: TuningOptions

  /// A stage with options.
  public init(_ options: TuningOptions = TuningOptions()) { self.options = options }

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    guard let fit = setting.fit, let proof = setting.proof else { return nil }
    var options = options
    if options.seconds == nil, options.steps == nil {
      let steps = TuneStage.steps(
        macs: try Pruner.macs(of: state.model), teacher: try Pruner.macs(of: state.original),
        samples: fit.count, batch: options.batch)
      guard let steps else {
        state.notes.append(
          "tune: integers do not learn, since it would take long; say how many steps in a recipe, or use tune --quantized"
        )
        return nil
      }
      // They begin where the weights were good already.
      options.steps = max(TuningOptions.fewestSteps, steps / 2)
    }
    let objective = try Objective(
      kinds: options.kinds, student: state.model, teacher: state.original)
    let before = try setting.signal(of: state.model, against: state.original)
    let outcome = try Tuner(
      Trainee(quantized: state.model), teacher: state.original, objective: objective,
      options: options, session: setting.options
    ).run(on: fit, proof: proof, progress: { setting.progress($0.within("tuning integers")) })
    state.replace(with: outcome.model)
    state.notes.append(
      "tune: \(outcome.steps) steps through quantizers, the integers of step \(outcome.best) kept; compared "
        + objective.summary.joined(separator: "; "))
    state.notes += outcome.notes.map { "tune: \($0)" }
    return try setting.signal(of: outcome.model, against: state.original, before: before)
  }
}
