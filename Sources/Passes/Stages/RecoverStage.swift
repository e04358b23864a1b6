public import IR
internal import Samples

/// Adapts what is left of a cut model to what the original computed.
public struct RecoverStage: Stage {
  /// What recipes call it.
  public let name = "recover"
  /// What reports call the model after it.
  public let result = "recovered"
  /// What must hold before it.
  public let requires: Set<ModelProperty> = [.cut]
  /// What must not hold before it.
  public let excludes: Set<ModelProperty> = [.quantized]

  /// A stage.
  public init() {}

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    guard let cut = state.cut, let fit = setting.fit, let proof = setting.proof else { return nil }
    let batch = LeastSquaresRecovery.usualBatch
    let outcome: LeastSquaresRecovery.Outcome
    do {
      let teacher = cut.descent.teacher
      outcome = try LeastSquaresRecovery(cut.descent, options: setting.options).run(
        on: SampleRun(fit, for: teacher, batch: batch),
        proof: SampleRun(proof, for: teacher, batch: batch),
        progress: { setting.progress($0.within("recovering")) })
    } catch {
      // A model that cannot be run keeps its weights as they are.
      guard error.code == .unsupported else { throw error }
      return nil
    }
    state.replace(with: outcome.model)
    return .signal(
      before: outcome.before, after: outcome.after, samples: proof.count, part: proof.part)
  }
}
