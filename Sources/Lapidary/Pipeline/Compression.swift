public import Execution
public import IR
internal import ONNXFile
public import Passes
internal import Reports
public import Samples

/// The main job: takes a model through the stages of a recipe, proves each, and says what was gained
/// and what it cost.
public struct Compression: Sendable {
  /// The model after one stage.
  public struct Stage: Sendable {
    /// `original`, `fused`, `pruned`, `recovered` or `quantized`.
    public let name: String
    /// Nodes of the main graph.
    public let nodes: Int
    /// Elements of trained weights.
    public let parameters: Int
    /// Multiply-accumulates, at the lengths that `Compression.counting` names.
    public let macs: Int
    /// Bytes of the model with its weights, wherever they lie.
    public let bytes: Int
    /// The median time of a run of the first sample; nil for a model that cannot be run.
    public let latency: Duration?
    /// The same in onnxruntime; nil where no Python is there that has it, or it does not take the model.
    public let onnxruntimeLatency: Duration?
    /// How often the model is right; nil when there is no data to tell.
    public let accuracy: Accuracy?
    /// How the stage was proved; nil for the original.
    public let proof: StageProof?
    /// How far the outputs lie from the original's, on samples that nothing was fitted to where there
    /// are enough; nil for the original, without samples and where nothing is verified.
    public let fidelity: ModelComparison?
    /// How long the stage took, without what was measured afterwards, in seconds.
    public let seconds: Double
  }

  /// The original and what each stage made of it.
  public private(set) var stages: [Stage] = []
  /// The model and what was decided.
  public private(set) var state: ModelState

  /// The compressed model.
  public var model: Model { state.model }
  /// What became of each node in quantization.
  public var quantization: [Quantizer.Entry] { state.entries }
  /// What a reader of the report should know, a line each.
  public var notes: [String] { state.notes }
  /// At which lengths multiply-accumulates were counted; empty where the model leaves none open.
  public private(set) var counting = ""

  private let evaluation: Dataset?
  private let setting: StageSetting
  private let trial: Trial

  /// Compresses a model.
  ///
  /// - Parameters:
  ///   - calibration: samples to quantize with; required when the recipe quantizes. Of 64 or more
  ///     every fourth is held out for the proofs.
  ///   - evaluation: labelled samples to measure each stage with.
  ///   - dimensions: lengths for open dimensions (`BoundDimensions`), which the data has.
  ///   - verification: how stages are proved; nil for no proof.
  ///   - comparesRuntimes: whether stages are timed in onnxruntime too, where a Python is there that
  ///     has it (`LAPIDARY_PYTHON`, else `python3`).
  ///   - progress: called as each stage begins, and within it.
  /// - Throws: `ModelError` from any stage; nothing is written.
  public init(
    _ original: Model, _ recipe: Recipe, calibration: Dataset?, evaluation: Dataset?,
    dimensions: [String] = [], options: SessionOptions = SessionOptions(),
    verification: Verification? = Verification(), comparesRuntimes: Bool = false,
    progress: @escaping @Sendable (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) {
    try self.init(
      original, recipe.stages(hasCalibration: calibration != nil), calibration: calibration,
      evaluation: evaluation, dimensions: dimensions, options: options,
      verification: verification, comparesRuntimes: comparesRuntimes, progress: progress)
  }

  /// Takes a model through stages.
  ///
  /// - Parameters: as above.
  public init(
    _ original: Model, _ stages: [any Passes.Stage], calibration: Dataset?, evaluation: Dataset?,
    dimensions: [String] = [], options: SessionOptions = SessionOptions(),
    verification: Verification? = Verification(), comparesRuntimes: Bool = false,
    progress: @escaping @Sendable (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) {
    try stages.check()
    for stage in stages where calibration == nil {
      guard let need = stage.needsCalibration else { continue }
      throw ModelError(
        .request, "\(need): expected calibration data, found none",
        hint: "give --calibration DATA, or --no-\(stage.name)")
    }
    setting = StageSetting(options: options, verification: verification, calibration: calibration)
    self.evaluation = evaluation
    trial = try Trial(
      original, dimensions: dimensions, data: calibration ?? evaluation, options: options,
      comparesRuntimes: comparesRuntimes)
    state = ModelState(original)
    state.notes = try Self.dataNotes(calibration, evaluation)
    let count = stages.count + 1
    try record("original", nil, seconds: 0) {
      progress($0.within("original 1/\(count): \($0.job)"))
    }
    for (place, stage) in stages.enumerated() {
      try run(stage) {
        let job = $0.job.isEmpty ? "" : ": \($0.job)"
        progress(
          WorkProgress("\(stage.result) \(place + 2)/\(count)\(job)", done: $0.done, of: $0.total))
      }
    }
  }

  /// Times a stage, and records what came of it.
  private mutating func run(
    _ stage: any Passes.Stage, _ progress: @escaping @Sendable (WorkProgress) -> Void
  ) throws(ModelError) {
    progress(WorkProgress(done: 0, of: 0))
    var setting = setting
    setting.progress = progress
    let clock = ContinuousClock()
    let start = clock.now
    let proof = try noting(stage.name) { () throws(ModelError) in
      try stage.run(&state, setting)
    }
    guard let proof else { return }
    let seconds = stage.seconds + (clock.now - start) / .seconds(1)
    try record(stage.result, proof, seconds: seconds, progress)
  }

  private mutating func record(
    _ name: String, _ proof: StageProof?, seconds: Double, _ progress: (WorkProgress) -> Void
  ) throws(ModelError) {
    let (cost, lengths) = try trial.cost(of: model)
    counting = lengths
    var accuracy: Accuracy?
    if let evaluation {
      accuracy = try Accuracy(of: model, on: evaluation, options: setting.options) {
        progress($0.within("evaluating"))
      }
    }
    stages.append(
      Stage(
        name: name, nodes: model.graph.nodeCount, parameters: cost.parameters, macs: cost.macs,
        bytes: ONNXFile.byteCount(of: model), latency: trial.latency(of: model),
        onnxruntimeLatency: trial.onnxruntimeLatency(of: model),
        accuracy: accuracy, proof: proof,
        fidelity: proof == nil ? nil : try fidelity(progress), seconds: seconds))
  }

  private func fidelity(_ progress: (WorkProgress) -> Void) throws(ModelError) -> ModelComparison? {
    guard setting.verification != nil, let samples = evaluation ?? setting.proof else { return nil }
    return try ModelComparison.ifRunnable(
      state.original, model, on: samples, options: setting.options, limit: 64
    ) { progress($0.within("comparing")) }
  }

  /// What is to be said of the data.
  private static func dataNotes(
    _ calibration: Dataset?, _ evaluation: Dataset?
  ) throws(ModelError) -> [String] {
    let fitted = try calibration.map { data throws(ModelError) in
      try DataSurvey(data, label: "calibration")
    }
    let measured = try evaluation.map { data throws(ModelError) in
      try DataSurvey(data, label: "evaluation")
    }
    var notes = (fitted?.notes ?? []).map { "calibration: \($0)" }
    notes += (measured?.notes ?? []).map { "evaluation: \($0)" }
    if let fitted, let measured { notes += measured.notes(against: fitted, label: "evaluation") }
    return notes
  }
}
