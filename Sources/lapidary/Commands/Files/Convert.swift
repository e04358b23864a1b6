import ArgumentParser
import Lapidary

/// `lapidary convert`.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Rewrites a model unchanged but for where its weights lie.",
    discussion: """
      Weights stay where they are, in the model or in a file beside it, unless an option says
      otherwise. A model beyond 2 GB needs such a file.

      Example: lapidary convert model.onnx -o out.onnx --external weights.data
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup var placement: PlacementOptions

  @Flag(help: "Replace calls of the model's own functions by their bodies.")
  var inlineFunctions = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    try output.check(against: [model])
    let loaded = try ONNXFile.read(model)
    var result = loaded
    if inlineFunctions { try FunctionInlining().run(&result) }
    try output.write(result, placement, from: loaded, at: model)
    try report.print(
      .conversion(from: model, to: output.output), toStandardError: output.reportsToStandardError)
  }
}
