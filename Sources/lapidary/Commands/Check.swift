import ArgumentParser
import Lapidary

/// `lapidary check`.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks that a model is well formed.",
    discussion: """
      Structure, imports, operators and shapes are checked; --onnx adds libonnx's verdict beside
      ours. Exit status: 0 valid, 1 invalid, 2 trouble, such as a file that is no model.

      Example: lapidary check Fixtures/fashion/fashion.onnx --onnx
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @Flag(help: "Ask libonnx's checker too.")
  var onnx = false

  @OptionGroup var report: ReportOptions

  func run() throws {
    let loaded = try ONNXFile.read(model)
    let verdict = ModelCheck(loaded)
    let second = onnx ? try ONNXChecker.verdict(on: loaded) : nil
    var table = Table("", [.init("checker"), .init("verdict")])
    table.add(.init("lapidary"), .init(verdict.error.map { "\($0)" } ?? "valid"))
    if let second { table.add(.init("libonnx"), .init(second.text)) }
    let notes =
      verdict.unknown.map { "unknown operator: \($0)\n" }.joined()
      + verdict.warnings.map { "warning: \($0)\n" }.joined()
    report.print(
      text: table.text + notes, markdown: table.markdown,
      json: .object([
        "schema": .int(1), "checks": table.json,
        "unknown": .array(verdict.unknown.map { .string($0) }),
        "warnings": .array(verdict.warnings.map { .string($0) }),
      ]))
    // What is wrong stands in the report: it is an answer, not trouble.
    guard verdict.error == nil, second?.refuses != true else { throw ExitCode(1) }
  }
}
