import ArgumentParser
import Lapidary

/// `lapidary convert`.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Rewrites a model unchanged but for where its weights lie.",
    discussion: """
      Example: lapidary convert model.onnx -o out.onnx --external weights.data
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @Option(
    help: ArgumentHelp("Put large weights into this file beside the output.", valueName: "FILE"))
  var external: String?

  @Flag(help: "Put all weights into the model file. This is the default.")
  var inline = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var report: ReportOptions

  func validate() throws {
    if external != nil && inline {
      throw ValidationError("give only one of --external and --inline")
    }
  }

  func run() throws {
    try output.check(against: [model])
    let loaded = try ONNXFile.read(model)
    try output.write(loaded, external.map { .external(file: $0) } ?? .inline)
    report.print(
      toStandardError: output.reportsToStandardError, text: "\(model) -> \(output.output)\n",
      markdown: "`\(model)` → `\(output.output)`\n",
      json: .object(["schema": .int(1), "output": .string(output.output)]))
  }
}
