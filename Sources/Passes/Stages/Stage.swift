public import Execution
public import IR
public import Samples

/// What holds of a model that went through stages.
public enum ModelProperty: String, Hashable, Sendable {
  /// Channels were removed, and the cut is known.
  case cut
  /// It computes with integers.
  case quantized
  /// It computes with floats of 16 bits.
  case half
}

/// One step of a job on a model: it takes the state that the steps before it left and leaves another.
///
/// A stage is one file. What it needs and what it makes true is data, so that an order that cannot
/// work is refused before anything runs. Whoever runs stages times, measures and records them.
public protocol Stage: Sendable {
  /// What recipes call it, such as `prune`.
  var name: String { get }
  /// What reports call the model after it, such as `pruned`.
  var result: String { get }
  /// What must hold of the model before it.
  var requires: Set<ModelProperty> { get }
  /// What must not hold of the model before it.
  var excludes: Set<ModelProperty> { get }
  /// What holds of the model afterwards.
  var ensures: Set<ModelProperty> { get }
  /// Why it needs calibration data; nil where it does not.
  var needsCalibration: String? { get }
  /// What it took before it is run, in seconds, where part of it is done already.
  var seconds: Double { get }

  /// Changes the model of a state.
  ///
  /// - Returns: how it was proved; nil where the stage found nothing to do and is not to be reported.
  func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof?
}

extension Stage {
  /// Nothing.
  public var requires: Set<ModelProperty> { [] }
  /// Nothing.
  public var excludes: Set<ModelProperty> { [] }
  /// Nothing.
  public var ensures: Set<ModelProperty> { [] }
  /// Not needed.
  public var needsCalibration: String? { nil }
  /// Nothing is done.
  public var seconds: Double { 0 }
}

/// What stages run with.
public struct StageSetting: Sendable {
  /// How models are run.
  public var options: SessionOptions
  /// How results are proved; nil for no proof.
  public var verification: Verification?
  /// Samples to fit to.
  public var fit: Dataset?
  /// Samples to say with what came of a fit.
  public var proof: Dataset?
  /// Called as work goes on.
  public var progress: @Sendable (WorkProgress) -> Void = { _ in }

  /// Makes a setting; the calibration data is divided into samples to fit to and samples to prove
  /// with.
  public init(
    options: SessionOptions, verification: Verification?,
    calibration: Dataset? = nil
  ) {
    self.options = options
    self.verification = verification
    let parts = calibration?.parts
    fit = parts?.fit
    proof = parts?.proof
  }
}

/// How a stage was proved.
public enum StageProof: Sendable {
  /// Outputs are equal but for this relative difference.
  case equal(within: Double)
  /// Nobody asked.
  case notAsked
  /// The model has an operator that Lapidary cannot run.
  case notRunnable
  /// The model takes none of the inputs that were tried: what it said of the first of them.
  case noInputs(String)
  /// Outputs changed: signal over error against the original in dB, before the stage where that
  /// says something, and after it.
  case signal(before: Double?, after: Double, samples: Int, part: Dataset.Part)

  /// What a comparison found, or did not.
  init(_ difference: Double?, asked: Bool) {
    self = !asked ? .notAsked : difference.map { .equal(within: $0) } ?? .notRunnable
  }

  /// What a comparison came to.
  init(_ finding: Verification.Finding) {
    switch finding {
    case .equal(let difference): self = .equal(within: difference)
    case .unsupported: self = .notRunnable
    case .noInputs(let error): self = .noInputs(error.description)
    }
  }
}

extension [any Stage] {
  /// Refuses an order in which a stage lacks what it requires.
  public func check() throws(ModelError) {
    var holds: Set<ModelProperty> = []
    for stage in self {
      for property in stage.requires.subtracting(holds).sorted(by: { $0.rawValue < $1.rawValue }) {
        throw ModelError(
          .request,
          "stage '\(stage.name)': expected a model that is \(property.rawValue), found no stage before it that makes it so"
        )
      }
      for property in stage.excludes.intersection(holds) {
        throw ModelError(
          .request,
          "stage '\(stage.name)': expected a model that is not \(property.rawValue), found a stage before it that makes it so"
        )
      }
      holds.formUnion(stage.ensures)
    }
  }
}
