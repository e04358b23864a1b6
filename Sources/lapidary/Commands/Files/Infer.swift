import ArgumentParser
import Lapidary

/// `lapidary infer`.
struct Infer: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Infers the type of every intermediate and writes it into the model.",
    discussion: """
      Example: lapidary infer Fixtures/fashion/fashion.onnx -o typed.onnx --dim batch=1
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup var dimensions: DimensionOptions

  @OptionGroup var output: OutputOptions
  @OptionGroup var placement: PlacementOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    try output.check(against: [model])
    let loaded = try ONNXFile.read(model)
    let bound = try dimensions.bound(loaded)
    let result = try TypedModel(bound.placed, binding: bound.symbols)
    try output.write(result.model, placement, from: loaded, at: model)
    try report.print(
      result.report(notes: loaded.readingNotes), toStandardError: output.reportsToStandardError)
  }
}
