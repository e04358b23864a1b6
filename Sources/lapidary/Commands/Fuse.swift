public import ArgumentParser
public import Lapidary

/// `lapidary fuse`.
struct Fuse: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Simplifies a model: fuses operators, folds constants, removes what does nothing.",
    discussion: """
      Example: lapidary fuse Fixtures/fashion/fashion.onnx -o fused.onnx --explain
      """)

  @Argument(
    help: "The model; - for the standard input. Not needed with --list.", completion: .file())
  var model: String?

  @Option(
    name: [.short, .long], help: "The file to write; - for the standard output.",
    completion: .file())
  var output: String?

  @Flag(help: "Allow the output to replace the input, and files of other weights.")
  var force = false

  @Option(
    help: ArgumentHelp(
      "What will run the result.", valueName: "onnx|onnxruntime|tensorrt|openvino"))
  var target = FusionTarget.onnx

  @Option(parsing: .upToNextOption, help: "Apply only these rules.")
  var only: [String] = []

  @Option(parsing: .upToNextOption, help: "Leave out these rules.")
  var skip: [String] = []

  @Option(
    help: ArgumentHelp(
      "How much computed constants may add to the file: bytes, or with K, M or G behind. By default a tenth of its constants, or 1M.",
      valueName: "BYTES"))
  var growth: ByteCount?

  @Flag(help: "Take constants that are listed as inputs, and so may be overridden, off the inputs.")
  var constantInputs = false

  @Flag(help: "Replace calls of the model's own functions by their bodies first.")
  var inlineFunctions = false

  @Flag(help: "List the rules and end.")
  var list = false

  @Flag(help: "Print every application and every decline with its reason.")
  var explain = false

  @OptionGroup var placement: PlacementOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  func checkOptions() throws {
    if !list && (model == nil || output == nil) {
      throw ValidationError("expected a model and --output")
    }
  }

  var runsModels: Bool { verification.verify }

  func run() throws {
    guard !list, let model, let path = output else {
      return try report.print(FusionReport.rules())
    }
    var output = OutputOptions()
    output.output = path
    output.force = force
    try output.check(against: [model])
    let original = try ONNXFile.read(model)
    let options = FusionOptions(
      only: only, skip: skip, target: target, growthLimit: growth?.bytes,
      fixesConstantInputs: constantInputs, inlinesFunctions: inlineFunctions)
    let (fused, reports, proof) = try simplified(original, options)
    try output.write(fused, placement, from: original, at: model)
    let found = try FusionReport(
      before: original, after: fused, passes: reports, proof: proof,
      notes: ModelNotes(original).lines)
    try report.print(
      found.report(explained: explain), toStandardError: output.reportsToStandardError)
  }

  /// The simplified model, what was done, and what the comparison with the original found. What would
  /// have changed a result was left out; the last lines name it.
  private func simplified(
    _ original: Model, _ options: FusionOptions
  ) throws(ModelError) -> (Model, [PassReport], String) {
    guard let verification = verification.verification(runOptions) else {
      var fused = original
      let reports = try PassManager(try Simplify.passes(options)).run(&fused)
      return (fused, reports, "not verified")
    }
    let proved = try Simplify.proved(original, options, verification)
    var lines = proved.rolledBack.map {
      "rolled back: \($0.rule) at \($0.node): \($0.text)"
    }
    if proved.reports.allSatisfy(\.applied.isEmpty) {
      lines.append("verified: nothing was changed")
    } else if let difference = proved.difference {
      lines.append("verified: \(differenceText(difference))")
    } else {
      lines.append("not verified: the model has an operator that Lapidary cannot run")
    }
    return (proved.model, proved.reports, lines.joined(separator: "\n"))
  }
}

extension FusionTarget: ExpressibleByArgument {}

/// A number of bytes as users write it: `4096`, `64K`, `100M`, `2G`.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init(_ bytes: Int) { self.bytes = bytes }

  init?(argument: String) {
    let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30]
    let shift = argument.uppercased().last.flatMap { shifts[$0] }
    let digits = shift == nil ? argument : String(argument.dropLast())
    guard let number = Int(digits), number >= 0,
      case let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << (shift ?? 0)),
      !overflow
    else { return nil }
    self.bytes = bytes
  }
}
