import ArgumentParser
import Lapidary

/// `lapidary infer`.
struct Infer: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Infers the type of every intermediate and writes it into the model.",
    discussion: """
      Example: lapidary infer Fixtures/fashion/fashion.onnx -o typed.onnx --dim batch=1
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @Option(
    help: ArgumentHelp(
      "A length for a symbolic dimension, such as --dim N=1.", valueName: "NAME=LENGTH"))
  var dim: [String] = []

  @Flag(help: .init("Does nothing: what contradicts is always replaced.", visibility: .hidden))
  var replace = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var placement: PlacementOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    try output.check(against: [model])
    let loaded = try ONNXFile.read(model)
    let result = try TypedModel(loaded, binding: try dimensionBindings(dim))
    try output.write(result.model, placement, from: loaded, at: model)
    var table = Table("", [.init("values", numeric: true), .init("typed", numeric: true)])
    table.add(.init(result.values), .init(result.typed))
    let missing = result.untyped.map { "no shape: \($0)\n" }.joined()
    let notes = loaded.readingNotes
    let replaced = result.replaced.map { "replaced: \($0)\n" }.joined()
    report.print(
      toStandardError: output.reportsToStandardError,
      text: table.text + missing + replaced + noteText(notes),
      markdown: table.markdown,
      json: .object([
        "schema": .int(1), "values": .int(result.values), "typed": .int(result.typed),
        "untyped": .array(result.untyped.map { .string($0) }),
        "replaced": .array(result.replaced.map { .string($0) }),
        "notes": .array(notes.map { .string($0) }),
      ]))
  }
}
