public import Execution
public import IR
internal import Reports
internal import ONNXFile
public import Passes
public import Samples

/// The main job: fuses, prunes and quantizes a model, proves each step, and says what was gained
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
    /// Multiply-accumulates for one sample.
    public let macs: Int
    /// Bytes of the model file.
    public let bytes: Int
    /// How often the model is right; nil when there is no data to tell.
    public let accuracy: Accuracy?
    /// What was proved of the stage, in words.
    public let proof: String
  }

  /// The compressed model.
  public private(set) var model: Model
  /// The original and what each stage made of it.
  public private(set) var stages: [Stage] = []
  /// What became of each node in quantization.
  public private(set) var quantization: [Quantizer.Entry] = []

  private let evaluation: Dataset?
  private let options: SessionOptions

  /// Compresses a model.
  ///
  /// - Parameters:
  ///   - calibration: samples to quantize with; required when the recipe quantizes.
  ///   - evaluation: labelled samples to measure each stage with.
  ///   - verification: how fused and pruned models are proved; nil for no proof.
  ///   - progress: called with the name of each stage as it begins.
  /// - Throws: `ModelError` from any stage; nothing is written.
  public init(
    _ original: Model, _ recipe: Recipe, calibration: Dataset?, evaluation: Dataset?,
    options: SessionOptions = SessionOptions(), verification: Verification? = Verification(),
    progress: (String) -> Void = { _ in }
  ) throws(ModelError) {
    self.model = original
    self.evaluation = evaluation
    self.options = options
    progress("original")
    try record("original", proof: "")

    if recipe.fuses {
      progress("fused")
      _ = try PassManager(try Simplify.passes()).run(&model)
      let difference = try noting("fuse") { () throws(ModelError) in
        try verification?.check(original, model)
      }
      try record("fused", proof: Self.proof(difference, asked: verification != nil))
    }
    if let pruning = recipe.pruning {
      progress("pruned")
      let (result, prepared) = try noting("prune") { () throws(ModelError) in
        var pruner = try Pruner(model, pruning)
        if pruning.importance.needsCalibration, let calibration {
          try pruner.calibrate(options: options) { add throws(ModelError) in
            for range in calibration.batches(of: 16) { try add(try calibration.inputs(range)) }
          }
        }
        return (try pruner.prune(verification: verification), pruner.model)
      }
      model = result.model
      try record("pruned", proof: Self.proof(result.difference, asked: verification != nil))
      if recipe.recovers, let calibration {
        progress("recovered")
        try recover(result, prepared, calibration)
      }
    }
    if let quantization = recipe.quantization {
      progress("quantized")
      guard let calibration else {
        throw ModelError(
          .request, "quantization: expected calibration data, found none",
          hint: "give --calibration DATA, or --no-quantize")
      }
      let result = try noting("quantize") { () throws(ModelError) in
        let quantizer = try Quantizer(model, quantization)
        let statistics = try quantizer.calibrate(on: calibration, options: options)
        return try quantizer.quantize(statistics)
      }
      self.quantization = result.entries
      let before = model
      model = result.model
      let comparison = try ModelComparison.ifRunnable(
        before, model, on: calibration, options: options, limit: 64)
      let worst = comparison?.outputs.map(\.comparison.sqnr).min()
      try record(
        "quantized", proof: worst.map { "SQNR \(NumberText.decimal($0, 1)) dB" } ?? "cannot be run")
    }
  }

  private mutating func recover(
    _ result: Pruner.Result, _ prepared: Model, _ calibration: Dataset
  ) throws(ModelError) {
    let ranges = calibration.batches(of: 64)
    let outcome: LeastSquaresRecovery.Outcome
    do {
      outcome = try LeastSquaresRecovery(result, original: prepared, options: options)
        .run(batches: ranges.count) { batch throws(ModelError) in
          try calibration.inputs(ranges[batch])
        }
    } catch {
      // A model that cannot be run keeps its weights as they are.
      guard error.code == .unsupported else { throw error.noting("recover") }
      return
    }
    model = outcome.model
    let before = NumberText.decimal(outcome.before, 1), after = NumberText.decimal(outcome.after, 1)
    try record("recovered", proof: "SQNR \(before) -> \(after) dB")
  }

  private static func proof(_ difference: Double?, asked: Bool) -> String {
    guard asked else { return "not verified" }
    guard let difference else { return "cannot be run" }
    return difference == 0 ? "equal" : "within \(NumberText.scientific(difference))"
  }

  private mutating func record(_ name: String, proof: String) throws(ModelError) {
    let cost = try CostReport(model)
    var accuracy: Accuracy?
    if let evaluation { accuracy = try Accuracy(of: model, on: evaluation, options: options) }
    stages.append(
      Stage(
        name: name, nodes: model.graph.nodeCount, parameters: cost.parameters, macs: cost.macs,
        bytes: try ONNXFile.encode(model).count, accuracy: accuracy, proof: proof))
  }
}

extension Quantizer {
  /// Calibrates on all samples of a data set.
  public func calibrate(
    on data: Dataset, modelHash: String = "", options: SessionOptions = SessionOptions(),
    batch: Int = 16, progress: (Int) -> Void = { _ in }
  ) throws(ModelError) -> CalibrationStatistics {
    var ranges = data.batches(of: batch)[...]
    var done = 0
    return try calibrate(modelHash: modelHash, session: options) { () throws(ModelError) in
      guard let range = ranges.popFirst() else { return nil }
      done += range.count
      progress(done)
      return (try data.inputs(range), range.count)
    }
  }
}
