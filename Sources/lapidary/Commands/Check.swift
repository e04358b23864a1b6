import ArgumentParser
import Lapidary

/// `lapidary check`.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks that a model is well formed.",
    discussion: """
      Structure, operators and shapes are checked; --onnx adds libonnx's verdict beside ours.

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
    let second = onnx ? try ONNXChecker.check(loaded, full: true) ?? "valid" : nil
    var table = Table("", [.init("checker"), .init("verdict")])
    table.add(.init("lapidary"), .init(verdict.error.map { "\($0)" } ?? "valid"))
    if let second { table.add(.init("libonnx"), .init(second)) }
    let notes = verdict.unknown.map { "unknown operator: \($0)\n" }.joined()
    report.print(
      text: table.text + notes, markdown: table.markdown,
      json: .object([
        "schema": .int(1), "checks": table.json,
        "unknown": .array(verdict.unknown.map { .string($0) }),
      ]))
    if let error = verdict.error { throw error }
    if let second, second != "valid" {
      throw ModelError(.invalid, "libonnx does not accept the model")
    }
  }
}
