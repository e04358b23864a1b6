import ArgumentParser
import Lapidary

/// `lapidary factor`.
struct Factor: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Divides layers into two with fewer channels between them.",
    discussion: """
      Low-rank factorisation: a convolution or product becomes one with fewer outputs and one that \
      makes the layer's outputs of these, chosen so that least is lost of how the outputs vary on the \
      samples. --ratio takes that fraction of every layer's multiply-accumulates away, --macs leaves \
      that fraction of all layers', with ranks where they cost least. A quarter of the samples is held \
      out and says how far the outputs moved.

      Example: lapidary factor Fixtures/fashion/fashion.onnx -o factored.onnx --macs 0.7 \
      --calibration Fixtures/fashion/calibration.npz
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var placement: PlacementOptions

  @Option(
    help: ArgumentHelp(
      "Take this fraction of every layer's multiply-accumulates away.", valueName: "0..1"))
  var ratio: Double?

  @Option(
    help: ArgumentHelp(
      "Leave this fraction of all layers' multiply-accumulates.", valueName: "0..1"))
  var macs: Double?

  @Option(
    help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.",
    completion: .file())
  var calibration: String

  @Option(help: "Names or patterns of nodes, values or operators that stay as they are.")
  var keep: [String] = []

  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  func checkOptions() throws {
    guard (ratio == nil) != (macs == nil) else {
      throw ValidationError("expected one of --ratio and --macs")
    }
    try Fraction.check(ratio, "--ratio")
    try Fraction.check(macs, "--macs")
  }

  func run() throws {
    try output.check(against: [model])
    let original = try ONNXFile.read(model)
    var options = FactorOptions(target: macs.map { .macs($0) } ?? .ratio(ratio ?? 0))
    options.keep = keep
    let factorizer = try Factorizer(original, options)
    let given = try runOptions.surveyed(calibration, for: original, label: "calibration")
    let parts = given.data.parts
    let progress = Progress("measuring", total: parts.fit.count)
    let result = try factorizer.factor(
      on: SampleRun(parts.fit, for: factorizer.model), options: runOptions.session(),
      progress: progress.update)
    let comparison = try verification.comparison(
      original, result.model, on: parts.proof, runOptions)
    try output.write(result.model, placement, from: original, at: model)
    try report.print(
      result.report.report(
        comparison, wasAsked: verification.verify,
        notes: ModelNotes(original).lines + given.notes),
      toStandardError: output.reportsToStandardError)
  }
}
