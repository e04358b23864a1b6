import ArgumentParser
import Lapidary

/// `lapidary evaluate`.
struct Evaluate: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Measures how often a classifier is right on labelled data.",
    discussion: """
      Example: lapidary evaluate Fixtures/fashion/fashion.onnx --data Fixtures/fashion/test.npz
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @Option(help: "Samples with an array 'labels': an .npz file or a folder of .npy files.")
  var data: String

  @Option(
    help: ArgumentHelp("Which implementation runs the model.", valueName: "accelerated|reference"))
  var backend = Backend.accelerated

  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func run() throws {
    let loaded = try ONNXFile.read(model)
    let samples = try Dataset.load(data, for: loaded, seed: runOptions.seed)
    let progress = Progress("evaluating", total: samples.count)
    let accuracy = try Accuracy(
      of: loaded, on: samples, options: runOptions.session(backend), progress: progress.update)
    var table = Table(
      "",
      [
        .init("samples", numeric: true), .init("top-1", numeric: true),
        .init("top-5", numeric: true),
      ])
    table.add(
      .init(accuracy.samples),
      .init(
        NumberText.decimal(100 * accuracy.top1Fraction, 2) + " %",
        json: .number(accuracy.top1Fraction)),
      .init(
        NumberText.decimal(100 * accuracy.top5Fraction, 2) + " %",
        json: .number(accuracy.top5Fraction)))
    report.print(
      text: table.text + noteText(samples.notes), markdown: table.markdown,
      json: .object([
        "schema": .int(1), "samples": .int(accuracy.samples),
        "top1": .number(accuracy.top1Fraction),
        "top5": .number(accuracy.top5Fraction),
      ]))
  }
}
