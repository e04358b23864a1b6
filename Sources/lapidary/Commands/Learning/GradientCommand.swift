import ArgumentParser
import Lapidary

/// `lapidary gradient`.
struct GradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradient",
    abstract: "Writes the graph of a model's gradients as a model.",
    discussion: """
      Beside the model's inputs the result takes a cotangent for each output, NAME_cotangent, and \
      gives the model's outputs and NAME_gradient for each trained weight, or for the values that --by \
      names: a vector-Jacobian product. Where the loss is a scalar output, its cotangent is 1.

      What standard operators do not say, such as the way back of a convolution, is said by operators of \
      the domain ai.lapidary, which run here and nowhere else; the report names those of the result.

      Example: lapidary gradient Fixtures/fashion/fashion.onnx -o gradient.onnx
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var placement: PlacementOptions

  @Option(help: "Differentiate by this value, such as an input; all trained weights by default.")
  var by: [String] = []

  @Flag(
    help: """
      Use Lapidary's own operators where they are faster too.
      """)
  var fast = false

  @OptionGroup var report: ReportOptions

  func run() throws {
    try output.check(against: [model])
    let original = try ONNXFile.read(model)
    let found = try GradientGraph(
      of: original, by: by.isEmpty ? nil : by, isPortable: !fast)
    guard !found.names.isEmpty else {
      throw ModelError(
        .unsupported, "expected values with a derivative, found none",
        hint: found.obstacles.first)
    }
    try output.write(found.model, placement, from: original, at: model)
    try report.print(found.report, toStandardError: output.reportsToStandardError)
  }
}
