public import Execution
public import IR
internal import Kernels
internal import Operators
public import Samples

/// Adapts a model's weights by gradients, so that it comes closer to a teacher or to labels, on
/// samples.
///
/// A step's samples are split into pieces of fixed size, whose gradients are added in order: the
/// result is the same on any number of threads. A part of the samples is held out; the weights that
/// are best on it are kept, and where none are better than at the start these stay.
public struct Tuner: Sendable {
  /// What came of a run.
  public struct Outcome: Sendable {
    /// The tuned model, or the given one where tuning did not help.
    public let model: Model
    /// The objective on held-out samples before the first step.
    public let before: Double
    /// The same with the weights that were kept.
    public let after: Double
    /// Steps done.
    public let steps: Int
    /// The step whose weights were kept; 0 where none were better.
    public let best: Int
    /// How many weights were adapted, as tensors.
    public let adapted: Int
    /// What a reader should know, a line each.
    public let notes: [String]
  }

  let trainee: Trainee
  let teacher: Model
  let objective: Objective
  let options: TuningOptions
  let session: SessionOptions

  /// Samples a piece.
  static let piece = 16
  /// Steps without numbers, one after another, that end a run.
  static let patience = 8

  /// Makes a tuner.
  ///
  /// - Parameters:
  ///   - teacher: the model to come close to; the student itself where there is none but labels.
  public init(
    _ student: Model, teacher: Model, objective: Objective, options: TuningOptions,
    session: SessionOptions
  ) {
    self.init(
      Trainee(student), teacher: teacher, objective: objective, options: options, session: session)
  }

  /// The same for what need not learn with its own weights.
  public init(
    _ trainee: Trainee, teacher: Model, objective: Objective, options: TuningOptions,
    session: SessionOptions
  ) {
    self.trainee = trainee
    self.teacher = teacher
    self.objective = objective
    self.options = options
    self.session = session
  }

  /// Tunes.
  ///
  /// - Parameters:
  ///   - proof: samples that nothing is fitted to.
  ///   - state: where an earlier run stopped.
  ///   - progress: called after each step.
  ///   - checkpoint: called with the state now and then, and at the end.
  public func run(
    on samples: Dataset, proof: Dataset, from state: TuningState? = nil,
    progress: (WorkProgress) -> Void = { _ in },
    checkpoint: (TuningState) throws(ModelError) -> Void = { _ in }
  ) throws(ModelError) -> Outcome {
    var job = try TuningJob(self, samples, proof)
    try job.begin(state)
    let start = ContinuousClock.now
    try job.estimate(options)
    var saved = job.state.step
    while job.state.step < job.state.steps {
      try job.advance()
      progress(WorkProgress(done: job.state.step, of: job.state.steps))
      if job.isDueForJudgement { try job.judge() }
      if job.state.step - saved >= 25 {
        try checkpoint(job.state)
        saved = job.state.step
      }
      if let seconds = options.seconds, (ContinuousClock.now - start) / .seconds(1) > 1.15 * seconds
      {
        try job.judge()
        break
      }
    }
    try checkpoint(job.state)
    return try job.outcome()
  }
}
