import ArgumentParser
import Lapidary

/// `lapidary compare`.
struct Compare: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Runs two models on the same inputs and reports how far their outputs lie apart.",
    discussion: """
      The exit status is 1 when an output differs by more than the tolerance, relative to its \
      largest magnitude.

      Example: lapidary compare Fixtures/fashion/fashion.onnx fused.onnx
      """)

  @Argument(help: "The first model, the reference.")
  var a: String

  @Argument(help: "The second model.")
  var b: String

  @Option(help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.")
  var inputs = "random:4"

  @Option(help: "The largest difference allowed, relative to the output's largest magnitude.")
  var tolerance = 1e-4

  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func run() throws {
    let first = try ONNXFile.read(a), second = try ONNXFile.read(b)
    let data = try Dataset.load(inputs, for: first, seed: runOptions.seed)
    let progress = Progress("comparing", total: data.count)
    let result = try ModelComparison(
      first, second, on: data, options: runOptions.session(), progress: progress.update)
    var table = Table(
      "",
      [
        .init("output"), .init("max abs", numeric: true), .init("max rel", numeric: true),
        .init("SQNR dB", numeric: true), .init("cosine", numeric: true),
        .init("agreement", numeric: true),
      ])
    for output in result.outputs {
      let figures = output.comparison
      table.add(
        .init(output.name),
        .init(scientificText(figures.maxAbsolute), json: .number(figures.maxAbsolute)),
        .init(scientificText(figures.maxRelative), json: .number(figures.maxRelative)),
        .init(NumberText.decimal(figures.sqnr, 1), json: .number(figures.sqnr)),
        .init(NumberText.decimal(figures.cosine, 6), json: .number(figures.cosine)),
        .init(
          NumberText.decimal(100 * figures.argmaxAgreement, 2) + " %",
          json: .number(figures.argmaxAgreement)))
    }
    let isSame = result.maxRelative <= tolerance
    report.print(
      text: table.text + noteText(data.notes), markdown: table.markdown,
      json: .object(["schema": .int(1), "same": .bool(isSame), "outputs": table.json]))
    if !isSame { throw ExitCode(1) }
  }
}
