import Lapidary

extension Quantize {
  /// How ranges, weights and biases are chosen.
  func quantizationOptions() throws(ModelError) -> QuantizationOptions {
    var options = QuantizationOptions()
    options.profile = profile
    options.method = try .init(named: method)
    if let percentile { options.method = .percentile(percentile) }
    options.exclude = exclude
    options.rounding = rounding
    options.weightBits = weightBits
    options.correctsBias = biasCorrection
    return options
  }

  /// A quantizer for the model, its channels evened out as the samples or the plan say. Statistics of
  /// another run are of the model as it is.
  func quantizer(
    _ original: Model, _ options: QuantizationOptions, _ data: Dataset?
  ) throws(ModelError) -> Quantizer {
    if let applyPlan {
      let plan = try QuantizationPlan(json: try TextFile.read(applyPlan))
      return try Quantizer(original, options, smoothing: plan.smoothing ?? Smoothing())
    }
    let quantizer = try Quantizer(original, options)
    guard smoothing, statistics == nil, let data else { return quantizer }
    let samples = SampleRun(data, for: quantizer.model, batch: batch)
    let progress = Progress("looking at channels", total: samples.count)
    return try quantizer.smoothed(
      on: samples, options: runOptions.session(), progress: progress.update)
  }
}
