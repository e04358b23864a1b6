internal import Execution
public import IR
internal import OneDNN
public import Passes
public import Samples

// Samples and passes run models on whatever backend they are given. Where a user of the library does not
// choose, it is the accelerated one, on all of the machine's cores.

extension Verification {
  /// A verification on the accelerated backend.
  ///
  /// - Parameters:
  ///   - seed: of the random inputs.
  ///   - tolerance: the largest relative difference between outputs that passes.
  public init(seed: UInt64 = 0, tolerance: Double = 1e-4) {
    self.init(seed: seed, tolerance: tolerance, options: SessionOptions())
  }
}

extension PlanVerification {
  /// A check of pruned models with an oracle on the accelerated backend.
  public init() { self.init(Verification()) }
}

extension StageSetting {
  /// A setting for the accelerated backend, with proofs.
  ///
  /// - Parameter calibration: samples, which are divided into those to fit to and those to prove with.
  public init(calibration: Dataset? = nil) {
    self.init(
      options: SessionOptions(), verification: Verification(), calibration: calibration)
  }
}

extension Accuracy {
  /// Runs the model on labelled samples on the accelerated backend.
  ///
  /// - Throws: `ModelError` for data without labels, and where the model cannot be run.
  public init(of model: Model, on data: Dataset, batch: Int = 64) throws(ModelError) {
    try self.init(of: model, on: data, options: SessionOptions(), batch: batch)
  }
}

extension ModelComparison {
  /// Compares the outputs of two models on the accelerated backend.
  ///
  /// - Parameters:
  ///   - limit: the most samples to run.
  ///   - batch: samples a run, where the models take any number.
  /// - Throws: `ModelError` where the outputs do not go together or a model cannot be run.
  public init(
    _ a: Model, _ b: Model, on data: Dataset, limit: Int = .max, batch: Int = SampleRun.usualBatch
  ) throws(ModelError) {
    try self.init(a, b, on: data, options: SessionOptions(), limit: limit, batch: batch)
  }
}

extension Pruner {
  /// Removes channels, proved by an oracle on the accelerated backend.
  ///
  /// - Parameter modelHash: what the plan says it was made for.
  /// - Throws: `ModelError` with code `verification` when the oracle finds a difference.
  public func prune(modelHash: String = "") throws(ModelError) -> Result {
    try prune(modelHash: modelHash, verification: Verification())
  }

  /// Removes the channels that a plan names, proved by an oracle on the accelerated backend.
  ///
  /// - Throws: `ModelError` when the plan was made for another model or names a weight that this one
  ///   does not have, and when the oracle finds a difference.
  public func apply(_ plan: PruningPlan, modelHash: String) throws(ModelError) -> Result {
    try apply(plan, modelHash: modelHash, verification: Verification())
  }

  /// Looks at activations on the accelerated backend, for scores that follow from them.
  public mutating func calibrate(on samples: SampleRun) throws(ModelError) {
    try calibrate(on: samples, options: SessionOptions())
  }

  /// What each group would cost, on the accelerated backend.
  ///
  /// - Parameter ratios: the shares of channels to take away, from 0 to 1.
  public func sensitivity(ratios: [Double]) throws(ModelError) -> SensitivityProbes {
    try sensitivity(ratios: ratios, options: SessionOptions())
  }
}

extension LeastSquaresRecovery {
  /// Finds what can be adapted, to run on the accelerated backend.
  ///
  /// - Parameter original: the model that was pruned, as the pruner prepared it.
  public init(_ result: Pruner.Result, original: Model) {
    self.init(result, original: original, options: SessionOptions())
  }
}

extension Sparsifier {
  /// Looks at activations on the accelerated backend.
  public mutating func calibrate(on samples: SampleRun) throws(ModelError) {
    try calibrate(on: samples, options: SessionOptions())
  }
}

extension Quantizer {
  /// Finds the ranges of values on the accelerated backend.
  ///
  /// - Parameter modelHash: what the statistics say they were taken of.
  /// - Throws: `ModelError` where there is no sample or the model cannot be run.
  public func calibrate(
    on samples: SampleRun, modelHash: String = ""
  ) throws(ModelError) -> CalibrationStatistics {
    try calibrate(on: samples, modelHash: modelHash, options: SessionOptions())
  }

  /// Finds the ranges of values on the accelerated backend.
  ///
  /// - Parameter modelHash: what the statistics say they were taken of.
  /// - Throws: `ModelError` where there is no sample or the model cannot be run.
  public func calibrate(
    on data: Dataset, modelHash: String = ""
  ) throws(ModelError) -> CalibrationStatistics {
    try calibrate(on: data, modelHash: modelHash, options: SessionOptions())
  }
}

extension HalfEncoding {
  /// An encoding with defaults that measures on the accelerated backend.
  public init(_ type: HalfType) { self.init(type, options: SessionOptions()) }
}
