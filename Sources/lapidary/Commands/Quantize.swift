public import ArgumentParser
public import Lapidary

/// `lapidary quantize`.
struct Quantize: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Quantizes a model to 8-bit integers, or stores it in fewer bits.",
    discussion: """
      Examples: lapidary quantize Fixtures/fashion/fashion.onnx -o int8.onnx \
      --calibration Fixtures/fashion/calibration.npz
                lapidary quantize Fixtures/fashion/fashion.onnx -o small.onnx --encoding weights
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(name: [.short, .long], help: "The file to write; - for the standard output.")
  var output: String?

  @Flag(help: "Allow the output to replace the input, and files of other weights.")
  var force = false

  @OptionGroup var placement: PlacementOptions

  @Option(
    help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.", completion: .file())
  var calibration: String?

  @Option(
    help: ArgumentHelp(
      "For which runtime. ort-vnni uses a bit more of each weight and is wrong on other processors.",
      valueName: "ort-x86|ort-vnni|ort-arm|tensorrt|openvino|qnn|generic"))
  var profile = QuantizationOptions.Profile.ortX86

  @OptionGroup var form: EncodingOptions

  @Option(
    help: ArgumentHelp(
      "How ranges follow from the values seen; auto chooses for each value on samples kept apart.",
      valueName: "auto|minmax|moving-average|percentile|entropy|mse"))
  var method = "auto"

  @Option(help: "The fraction of values that the percentile method keeps.")
  var percentile: Double?

  @Option(
    help: "Statistics of an earlier run: read when the file exists, else written.",
    completion: .file())
  var statistics: String?

  @Option(
    help: ArgumentHelp(
      "How weights are rounded; gptq chooses them together on calibration data.",
      valueName: "nearest|gptq"))
  var rounding = QuantizationOptions.Rounding.nearest

  @Option(help: "Bits of a weight, where not all that the profile has.")
  var weightBits: Int?

  @Option(
    help: ArgumentHelp(
      "Bits of an activation; 16 with the profiles qnn and generic.", valueName: "8|16"))
  var activationBits = 8

  @Flag(
    inversion: .prefixedNo, help: "Let biases make up for what rounding shifts on calibration data."
  )
  var biasCorrection = true

  @Option(
    help: ArgumentHelp(
      """
      The most points that may be lost, of top-1 with labels, of agreement with the model without, of \
      outputs that are no scores of classes the error in percent of their root mean square: layers \
      that cost most go back to activations of 16 bits, where the profile has them, or to float until \
      it holds on samples kept apart. Few samples say little; the report gives the bound.
      """, valueName: "POINTS"))
  var maxLoss: Double?

  @Flag(
    inversion: .prefixedNo,
    help: "Even out channels of very different reach before layers, where that loses much less.")
  var smoothing = true

  @Option(help: "Names or patterns of nodes or operators that stay in float.")
  var exclude: [String] = []

  @Option(help: "Samples to run at a time in calibration, where the model takes any number.")
  var batch = SampleRun.usualBatch

  @OptionGroup var dimensions: DimensionOptions
  @Option(help: ArgumentHelp("Write the plan and no model.", valueName: "PLAN.json"))
  var planOnly: String?

  @Option(help: ArgumentHelp("Replay a plan instead of calibrating.", valueName: "PLAN.json"))
  var applyPlan: String?

  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  func checkOptions() throws {
    if form.needsRanges && calibration == nil && statistics == nil && applyPlan == nil {
      throw ValidationError("expected --calibration, --statistics or --apply-plan")
    }
    if output == nil && planOnly == nil {
      throw ValidationError("expected --output or --plan-only")
    }
    if !form.needsRanges {
      let name = "--encoding \(form.encoding.rawValue)"
      if (planOnly ?? applyPlan ?? statistics) != nil {
        throw ValidationError("\(name) has no plan and no statistics")
      }
      if maxLoss != nil || weightBits != nil || activationBits != 8 {
        throw ValidationError(
          "--max-loss, --weight-bits and --activation-bits need --encoding qdq or qoperator")
      }
      if rounding == .gptq && form.encoding != .weights {
        throw ValidationError("--rounding gptq needs --encoding qdq, qoperator or weights")
      }
      if rounding == .gptq && calibration == nil {
        throw ValidationError("--rounding gptq needs --calibration")
      }
    }
    if planOnly != nil && output != nil {
      throw ValidationError("--plan-only writes no model: give no --output beside it")
    }
    if planOnly != nil && applyPlan != nil {
      throw ValidationError("give only one of --plan-only and --apply-plan")
    }
    guard weightBits.map({ 2...8 ~= $0 }) ?? true else {
      throw ValidationError("--weight-bits: expected 2 to 8, found \(weightBits ?? 0)")
    }
    guard activationBits == 8 || activationBits == 16 else {
      throw ValidationError("--activation-bits: expected 8 or 16, found \(activationBits)")
    }
    guard maxLoss.map({ $0 >= 0 }) ?? true else {
      throw ValidationError("--max-loss: expected 0 or more, found \(maxLoss ?? 0)")
    }
    if maxLoss != nil && calibration == nil {
      throw ValidationError("--max-loss needs --calibration")
    }
    guard batch >= 1 else { throw ValidationError("--batch: expected 1 or more, found \(batch)") }
    try Fraction.check(percentile, "--percentile", in: 0.5...1)
  }

  func run() throws {
    var destination = OutputOptions()
    destination.output = output ?? planOnly ?? "-"
    destination.force = force
    try destination.check(against: [model] + (applyPlan.map { [$0] } ?? []))
    let original = try ONNXFile.read(model)
    if !form.needsRanges { return try encode(original, to: destination) }
    let options = try quantizationOptions()
    var data: Dataset?
    if let calibration {
      data = try runOptions.data(calibration, for: try dimensions.bound(original).model)
    }
    let notes = try data.map { data throws(ModelError) in
      try DataSurvey(data, label: "calibration").notes
    }
    let parts = data?.parts
    let hash =
      statistics != nil || planOnly != nil || applyPlan != nil ? original.contentHash() : ""
    let replayed = try planToReplay(hash)
    let quantizer = try quantizer(original, options, parts?.fit, replayed)
    let found = try plan(quantizer, hash, parts?.fit, replayed)
    var (result, fallback) = try fitted(quantizer, found.plan, parts)
    if let maxLoss, let parts, let statistics = found.statistics {
      (result, fallback) = try accurate(
        maxLoss, quantizer, original, options, result.plan, statistics, parts)
    }
    let plan = result.plan
    if let planOnly { try TextFile.write(try plan.json(), to: planOnly) }
    let encoded = try form.integerOperators?.encode(result.model)
    let written = encoded?.model ?? result.model
    let comparison =
      planOnly == nil
      ? try verification.comparison(original, written, on: parts?.proof, runOptions) : nil
    let saturating =
      comparison != nil && plan.maySaturate
      ? try verification.comparison(
        original, written, on: parts?.proof, runOptions, saturates: true) : nil
    if planOnly == nil { try destination.write(written, placement, from: original, at: model) }
    var values: [ValueFidelity] = []
    if comparison != nil, let proof = parts?.proof {
      values = try quantizer.fidelity(of: result, on: proof, options: runOptions.session())
    }
    var lines = ModelNotes(original).lines + quantizer.notes + (encoded?.notes ?? [])
    lines += (comparison?.notes ?? []) + (notes ?? [])
    if planOnly != nil { lines.append("plan only: no model written") }
    try report.print(
      result.report(
        comparison, saturating: saturating, values: values, fallback: fallback,
        wasAsked: verification.verify && planOnly == nil,
        notes: lines),
      toStandardError: destination.reportsToStandardError)
  }

  /// Weights and biases fitted to the samples, where there are any and no plan is replayed.
  private func fitted(
    _ quantizer: Quantizer, _ plan: QuantizationPlan, _ parts: (fit: Dataset, proof: Dataset)?
  ) throws(ModelError) -> (Quantizer.Result, AccuracyFallback.Outcome?) {
    guard let fit = parts?.fit, applyPlan == nil else {
      return (try quantizer.apply(plan, modelHash: plan.model), nil)
    }
    let samples = SampleRun(fit, for: quantizer.model, batch: batch, limit: 256)
    let progress = Progress("fitting", total: samples.count)
    let fitted = try quantizer.fit(
      plan, on: samples, options: runOptions.session(), progress: progress.update)
    return (
      try quantizer.quantizeBodies(
        of: try quantizer.quantize(fitted), on: samples, options: runOptions.session()), nil
    )
  }

  /// As many layers in integers as the loss allows.
  private func accurate(
    _ points: Double, _ whole: Quantizer, _ original: Model, _ options: QuantizationOptions,
    _ plan: QuantizationPlan, _ statistics: CalibrationStatistics,
    _ parts: (fit: Dataset, proof: Dataset)
  ) throws(ModelError) -> (Quantizer.Result, AccuracyFallback.Outcome?) {
    let layers = plan.weightedOutputs
    let search = AccuracyFallback(original, most: points, options: runOptions.session())
    let found = try search.run(
      on: parts.proof, layers: layers, hasWide: options.offersWideActivations
    ) { choice throws(ModelError) in
      var own = options
      own.exclude += choice.floats
      own.wide += choice.wide
      let quantizer = try Quantizer(original, own, smoothing: whole.smoothing)
      return try fitted(quantizer, try quantizer.plan(statistics, modelHash: plan.model), parts).0
    }
    return (found.result, found.outcome)
  }

  /// The plan to replay, or a new one, and the statistics that it follows from.
  private func plan(
    _ quantizer: Quantizer, _ hash: String, _ data: Dataset?, _ replayed: QuantizationPlan?
  ) throws(ModelError) -> (plan: QuantizationPlan, statistics: CalibrationStatistics?) {
    if let replayed { return (replayed, nil) }
    let statistics = try ranges(quantizer, hash, data)
    return (try quantizer.plan(statistics, modelHash: hash), statistics)
  }
}

extension QuantizationOptions.Profile: ExpressibleByArgument {}
extension QuantizationOptions.Rounding: ExpressibleByArgument {}
