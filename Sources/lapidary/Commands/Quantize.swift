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

  @OptionGroup var output: OutputOptions
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
  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  enum Encoding: String, ExpressibleByArgument, CaseIterable { case qdq }

  func checkOptions() throws {
    if calibration == nil && statistics == nil {
      throw ValidationError("expected --calibration or --statistics")
    }
    try Fraction.check(percentile, "--percentile", in: 0.5...1)
  }

  func run() throws {
    try output.check(against: [model])
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
    let found = try ranges(quantizer, original, data)
    let result = try quantizer.quantize(found)
    let comparison = try verification.comparison(
      quantizer.model, result.model, on: data, runOptions)
    try output.write(result.model, placement, from: original, at: model)
    try report.print(
      result.report(
        comparison, wasAsked: verification.verify, notes: ModelNotes(original).lines),
      toStandardError: output.reportsToStandardError)
  }

  private func ranges(
    _ quantizer: Quantizer, _ original: Model, _ data: Dataset?
  ) throws(ModelError) -> CalibrationStatistics {
    let hash = statistics == nil ? "" : original.contentHash()
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
