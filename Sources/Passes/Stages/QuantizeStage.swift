public import IR
internal import Samples

/// Quantizes to 8-bit integers.
public struct QuantizeStage: Stage {
  /// What recipes call it.
  public let name = "quantize"
  /// What reports call the model after it.
  public let result = "quantized"
  /// What must not hold before it.
  public let excludes: Set<ModelProperty> = [.quantized, .half]
  /// What holds afterwards.
  public let ensures: Set<ModelProperty> = [.quantized]
  /// Ranges come from data.
  public let needsCalibration: String? = "quantization"
  private let options: QuantizationOptions

  /// A stage with options.
  public init(_ options: QuantizationOptions) { self.options = options }

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    guard let fit = setting.fit else {
      throw ModelError(.request, "calibration: expected samples, found none")
    }
    let quantizer = try Quantizer(state.model, options).smoothed(
      on: SampleRun(fit, for: state.model), options: setting.options)
    state.notes += quantizer.notes
    let statistics = try quantizer.calibrate(
      on: fit, options: setting.options, progress: { setting.progress($0.within("calibrating")) })
    let samples = SampleRun(fit, for: quantizer.model, limit: 256)
    let fitted = try quantizer.fit(
      try quantizer.plan(statistics), on: samples, options: setting.options)
    let result = try quantizer.quantizeBodies(
      of: try quantizer.quantize(fitted), on: samples, options: setting.options)
    state.replace(with: result.model)
    state.statistics = statistics
    state.quantization = result.plan
    state.entries = result.entries
    return try setting.signal(of: result.model, against: state.original)
  }
}

extension StageSetting {
  /// How far a model lies from the original, beside how far another did before.
  func signal(
    of model: Model, against original: Model, before: StageProof
  ) throws(ModelError) -> StageProof {
    let after = try signal(of: model, against: original)
    guard case .signal(_, let old, _, _) = before,
      case .signal(_, let new, let samples, let part) = after
    else { return after }
    return .signal(before: old, after: new, samples: samples, part: part)
  }

  /// How far a model lies from the original, on samples that nothing was fitted to where there are
  /// enough.
  func signal(of model: Model, against original: Model) throws(ModelError) -> StageProof {
    guard verification != nil, let proof else { return .notAsked }
    guard
      let found = try ModelComparison.ifRunnable(
        original, model, on: proof, options: options, limit: 64)
    else { return .notRunnable }
    return .signal(before: nil, after: found.sqnr, samples: found.samples, part: found.part)
  }
}
