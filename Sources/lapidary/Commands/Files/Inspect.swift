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

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup var dimensions: DimensionOptions

  @OptionGroup var page: HTMLOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    let loaded = try ONNXFile.read(model, verifyingChecksums: false, allowingAbsentData: true)
    let bound = try dimensions.bound(loaded)
    let summary = ModelSummary(bound.placed, title: model, binding: bound.symbols)
    var found = summary.report
    found.add(notes: loaded.readingNotes)
    try page.write { .inspection(found, of: loaded, title: model) }
    try report.print(found)
    if let error = summary.costError { throw error }
  }
}
