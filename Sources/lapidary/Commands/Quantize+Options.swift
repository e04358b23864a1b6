import Lapidary

extension Quantize {
  var runsModels: Bool { applyPlan == nil || verification.verify }

  /// How ranges, weights and biases are chosen.
  func quantizationOptions() throws(ModelError) -> QuantizationOptions {
    var options = QuantizationOptions()
    options.profile = profile
    options.method = try .init(named: method)
    if let percentile { options.method = .percentile(percentile) }
    options.exclude = exclude
    options.rounding = rounding
    options.weightBits = weightBits
    options.hasWideActivations = activationBits == 16
    options.correctsBias = biasCorrection
    return options
  }

  /// The plan that is replayed; nil where a new one is made.
  ///
  /// - Parameter hash: of the model.
  func planToReplay(_ hash: String) throws(ModelError) -> QuantizationPlan? {
    guard let applyPlan else { return nil }
    let plan = try QuantizationPlan(json: try TextFile.read(applyPlan))
    guard plan.model == hash else {
      throw ModelError(
        .request, "\"\(applyPlan)\": expected a plan for model \(hash), found one for \(plan.model)"
      )
    }
    return plan
  }

  /// A quantizer for the model, its channels evened out as the samples or the plan say. Statistics of
  /// another run are of the model as it is.
  func quantizer(
    _ original: Model, _ options: QuantizationOptions, _ data: Dataset?, _ plan: QuantizationPlan?
  ) throws(ModelError) -> Quantizer {
    if let plan {
      var options = options
      options.hasWideActivations = plan.hasWideActivations
      options.weightBits = plan.weightBits
      return try Quantizer(original, options, smoothing: plan.smoothing ?? Smoothing())
    }
    let quantizer = try Quantizer(original, options)
    guard smoothing, statistics == nil, let data else { return quantizer }
    let samples = SampleRun(data, for: quantizer.model, batch: batch)
    let progress = Progress("looking at channels", total: samples.count)
    return try quantizer.smoothed(
      on: samples, options: runOptions.session(), progress: progress.update)
  }

  /// What values were on samples: read from a file that is there, else measured.
  func ranges(
    _ quantizer: Quantizer, _ hash: String, _ data: Dataset?
  ) throws(ModelError) -> CalibrationStatistics {
    if let statistics, TextFile.exists(statistics) {
      let found = try CalibrationStatistics(json: try TextFile.read(statistics))
      guard found.model == hash else {
        throw ModelError(
          .request,
          "\"\(statistics)\": expected statistics of model \(hash), found those of \(found.model)")
      }
      return found
    }
    guard let data else {
      throw ModelError(
        .request,
        "calibration: expected --calibration or an existing --statistics file, found neither")
    }
    let progress = Progress("calibrating", total: data.count)
    let found = try quantizer.calibrate(
      on: data, modelHash: hash, batch: batch, options: runOptions.session(),
      progress: progress.update)
    if let statistics { try TextFile.write(try found.json(), to: statistics) }
    return found
  }
}
