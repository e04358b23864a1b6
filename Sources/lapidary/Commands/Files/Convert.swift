import ArgumentParser
import Lapidary

/// `lapidary convert`.
struct Convert: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Rewrites a model: where its weights lie, or in another version of the operator set.",
    discussion: """
      Weights stay where they are, in the model or in a file beside it, unless an option says
      otherwise. A model beyond 2 GB needs such a file.

      --opset says every operator as that version does, up or down, in subgraphs and functions too,
      and runs both models; what the version cannot say is an error that names the nodes.

      Examples: lapidary convert model.onnx -o out.onnx --external weights.data
                lapidary convert model.onnx -o out.onnx --opset 21
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup var placement: PlacementOptions

  @Flag(help: "Replace calls of the model's own functions by their bodies.")
  var inlineFunctions = false

  @Option(
    help: ArgumentHelp("Say the operators in this version of ONNX's operator set.", valueName: "n"))
  var opset: Int?

  @OptionGroup var output: OutputOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  var runsModels: Bool { opset != nil && verification.verify }

  func run() throws {
    try output.check(against: [model])
    let loaded = try ONNXFile.read(model)
    var result = loaded
    if inlineFunctions { try FunctionInlining().run(&result) }
    var conversion: OpsetConversion.Result?
    if let opset {
      let found = try OpsetConversion(to: opset).convert(
        result, provedBy: verification.verification(runOptions))
      result = found.model
      conversion = found
    }
    try output.write(result, placement, from: loaded, at: model)
    try report.print(
      .conversion(from: model, to: output.output, conversion),
      toStandardError: output.reportsToStandardError)
  }
}
