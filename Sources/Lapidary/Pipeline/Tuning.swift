public import Execution
public import Gradients
public import IR
internal import Operators
internal import Passes
public import Samples

/// One model tuned towards another: what `lapidary tune` does.
public struct Tuning: Sendable {
  /// What came of it.
  public let outcome: Tuner.Outcome
  /// Which samples the objective was judged with.
  public let proof: Dataset
  /// What was compared, in words.
  public let compared: [String]
  /// How long it took, in seconds.
  public let seconds: Double

  /// Tunes a model.
  ///
  /// - Parameters:
  ///   - teacher: what it was made from; nil for labels alone.
  ///   - state: where an earlier run stopped.
  public init(
    _ model: Model, teacher: Model?, on data: Dataset, options: TuningOptions,
    session: SessionOptions, from state: TuningState? = nil,
    progress: (WorkProgress) -> Void = { _ in },
    checkpoint: (TuningState) throws(ModelError) -> Void = { _ in }
  ) throws(ModelError) {
    let parts = data.parts
    let objective = try Objective(
      kinds: teacher == nil ? options.kinds.intersection([.labels]) : options.kinds, student: model,
      teacher: teacher ?? model)
    let start = ContinuousClock.now
    outcome = try Tuner(
      options.isQuantized ? Trainee(quantized: model) : Self.plain(model),
      teacher: teacher ?? model, objective: objective, options: options, session: session
    ).run(
      on: parts.fit, proof: parts.proof, from: state, progress: progress, checkpoint: checkpoint)
    seconds = (ContinuousClock.now - start) / .seconds(1)
    proof = parts.proof
    compared = objective.summary
  }

  /// What learns where quantizers stay as they are: not integers.
  private static func plain(_ model: Model) throws(ModelError) -> Trainee {
    let weights = try Parameters(of: model).values
    guard weights.isEmpty, try Trainee.hasQuantizers(model) else { return Trainee(model) }
    throw ModelError(
      .request, "tuning: expected weights of floats, found integers behind quantizers",
      hint: "give --quantized to let them learn")
  }
}
