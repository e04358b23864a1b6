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

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Flag(help: "Ask libonnx's checker too.")
  var onnx = false

  @Option(
    help: ArgumentHelp(
      "Say of each operator of a quantized model whether a runtime will compute it in integers, and which rule it breaks otherwise.",
      valueName: "ort-x86|ort-vnni|ort-arm|tensorrt|openvino|qnn|generic"))
  var profile: QuantizationOptions.Profile?

  @OptionGroup var report: ReportOptions

  func run() throws {
    let loaded: Model
    do { loaded = try ONNXFile.read(model) } catch {
      // What breaks the standard's rules is an answer; what is no model at all is trouble.
      guard error.code == .invalid else { throw error }
      try report.print(ModelCheck(failure: error).report())
      throw ExitCode(1)
    }
    let verdict = ModelCheck(loaded)
    let second = onnx ? try ONNXChecker.verdict(on: loaded) : nil
    var found = verdict.report(second: second?.text)
    if let profile, verdict.error == nil {
      found.add(try IntegerLint(loaded, for: profile))
    }
    try report.print(found)
    // What is wrong stands in the report: it is an answer, not trouble.
    guard verdict.error == nil, second?.refuses != true else { throw ExitCode(1) }
  }
}
