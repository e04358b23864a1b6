import ArgumentParser
import Lapidary

/// `lapidary inspect`.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows inputs, outputs, operators, cost and dynamic dimensions of a model.",
    discussion: """
      Multiply-accumulates are for one sample; a parameter is an element of a trained weight.

      Example: lapidary inspect Fixtures/fashion/fashion.onnx
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @Option(
    help: ArgumentHelp(
      "A length for a symbolic dimension, such as --dim H=224.", valueName: "NAME=LENGTH"))
  var dim: [String] = []

  @OptionGroup var report: ReportOptions

  func run() throws {
    let loaded = try ONNXFile.read(model, verifyingChecksums: false, allowingAbsentData: true)
    let summary = ModelSummary(loaded, title: model, binding: try dimensionBindings(dim))
    report.print(
      text: summary.text + noteText(loaded.readingNotes), markdown: summary.markdown,
      json: summary.json)
    if let error = summary.costError { throw error }
  }
}

/// Reads `NAME=LENGTH` pairs.
func dimensionBindings(_ pairs: [String]) throws(ModelError) -> [String: Int] {
  var bindings: [String: Int] = [:]
  for pair in pairs {
    let parts = pair.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let length = Int(parts[1]), length >= 0 else {
      throw ModelError(.request, "--dim: expected NAME=LENGTH, found '\(pair)'")
    }
    bindings[String(parts[0])] = length
  }
  return bindings
}
