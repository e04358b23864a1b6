public import ArgumentParser
public import Lapidary

/// `lapidary quantize`.
struct Quantize: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Quantizes a model to 8-bit integers, in QDQ form.",
    discussion: """
      Example: lapidary quantize Fixtures/fashion/fashion.onnx -o int8.onnx \
      --calibration Fixtures/fashion/calibration.npz
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(name: [.short, .long], help: "The file to write; - for the standard output.")
  var output: String?

  @Flag(help: "Allow the output to replace the input.")
  var force = false

  @OptionGroup var placement: PlacementOptions

  @Option(
    help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.", completion: .file())
  var calibration: String?

  @Option(help: ArgumentHelp("For which runtime.", valueName: "ort-x86"))
  var profile = QuantizationOptions.Profile.ortX86

  @Option(help: ArgumentHelp("The form of the result.", valueName: "qdq"))
  var encoding = Encoding.qdq

  @Option(
    help: ArgumentHelp("How ranges follow from the values seen.", valueName: "minmax|percentile"))
  var method = "minmax"

  @Option(help: "The fraction of values that the percentile method keeps.")
  var percentile: Double?

  @Option(
    help: "Statistics of an earlier run: read when the file exists, else written.",
    completion: .file())
  var statistics: String?

  @Option(help: "Names or patterns of nodes or operators that stay in float.")
  var exclude: [String] = []

  @OptionGroup var dimensions: DimensionOptions
  @Option(help: ArgumentHelp("Write the plan and no model.", valueName: "PLAN.json"))
  var planOnly: String?

  @Option(help: ArgumentHelp("Replay a plan instead of calibrating.", valueName: "PLAN.json"))
  var applyPlan: String?

  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  enum Encoding: String, ExpressibleByArgument, CaseIterable { case qdq }

  func checkOptions() throws {
    if calibration == nil && statistics == nil && applyPlan == nil {
      throw ValidationError("expected --calibration, --statistics or --apply-plan")
    }
    if output == nil && planOnly == nil {
      throw ValidationError("expected --output or --plan-only")
    }
    if planOnly != nil && output != nil {
      throw ValidationError("--plan-only writes no model: give no --output beside it")
    }
    if planOnly != nil && applyPlan != nil {
      throw ValidationError("give only one of --plan-only and --apply-plan")
    }
    try Fraction.check(percentile, "--percentile", in: 0.5...1)
  }

  var runsModels: Bool { applyPlan == nil || verification.verify }

  func run() throws {
    var destination = OutputOptions()
    destination.output = output ?? planOnly ?? "-"
    destination.force = force
    try destination.check(against: [model] + (applyPlan.map { [$0] } ?? []))
    let original = try ONNXFile.read(model)
    var options = QuantizationOptions()
    options.profile = profile
    options.method = try .init(named: method)
    if let percentile { options.method = .percentile(percentile) }
    options.exclude = exclude
    let quantizer = try Quantizer(original, options)
    var data: Dataset?
    if let calibration {
      data = try runOptions.data(calibration, for: try dimensions.bound(original).model)
    }
    let notes = try data.map { data throws(ModelError) in
      try DataSurvey(data, label: "calibration").notes
    }
    let parts = data?.parts
    let plan = try plan(quantizer, original, parts?.fit)
    if let planOnly { try TextFile.write(try plan.json(), to: planOnly) }
    let result = try quantizer.apply(plan, modelHash: plan.model)
    let comparison =
      planOnly == nil
      ? try verification.comparison(original, result.model, on: parts?.proof, runOptions) : nil
    if planOnly == nil {
      try destination.write(result.model, placement, from: original, at: model)
    }
    var lines = ModelNotes(original).lines + (comparison?.notes ?? []) + (notes ?? [])
    if planOnly != nil { lines.append("plan only: no model written") }
    try report.print(
      result.report(
        comparison, wasAsked: verification.verify && planOnly == nil, notes: lines),
      toStandardError: destination.reportsToStandardError)
  }

  /// The plan to replay, or a new one.
  private func plan(
    _ quantizer: Quantizer, _ original: Model, _ data: Dataset?
  ) throws(ModelError) -> QuantizationPlan {
    let hash =
      statistics != nil || planOnly != nil || applyPlan != nil ? original.contentHash() : ""
    guard let applyPlan else {
      return try quantizer.plan(try ranges(quantizer, hash, data), modelHash: hash)
    }
    let plan = try QuantizationPlan(json: try TextFile.read(applyPlan))
    guard plan.model == hash else {
      throw ModelError(
        .request, "\"\(applyPlan)\": expected a plan for model \(hash), found one for \(plan.model)"
      )
    }
    return plan
  }

  private func ranges(
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
      on: data, modelHash: hash, options: runOptions.session(), progress: progress.update)
    if let statistics { try TextFile.write(try found.json(), to: statistics) }
    return found
  }
}

extension QuantizationOptions.Profile: ExpressibleByArgument {}
