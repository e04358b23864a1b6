import ArgumentParser
import Lapidary

/// `lapidary groups`.
struct Groups: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows coupled channel groups, and every frozen channel with its reason.",
    discussion: """
      Example: lapidary groups Fixtures/fashion/fashion.onnx
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(help: "Names or patterns of weights, nodes or operators whose channels stay.")
  var keep: [String] = []

  @OptionGroup var choices: ChoiceOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    let loaded = try ONNXFile.read(model)
    var options = PruningOptions(target: .ratio(0))
    options.keep = keep
    options.choices = choices.choices
    let plan = try Pruner(loaded, options).groups()
    try report.print(plan.report)
  }
}
