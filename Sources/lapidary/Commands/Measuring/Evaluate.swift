import ArgumentParser
import Lapidary

/// `lapidary evaluate`.
struct Evaluate: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Measures how often a classifier is right on labelled data.",
    discussion: """
      Example: lapidary evaluate Fixtures/fashion/fashion.onnx --data Fixtures/fashion/test.npz
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(
    help: "Samples with an array 'labels': an .npz file or a folder of .npy files.",
    completion: .file())
  var data: String

  @Option(
    help: ArgumentHelp("Which implementation runs the model.", valueName: "accelerated|reference"))
  var backend = BackendName.accelerated

  @OptionGroup var saturation: SaturationOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func run() throws {
    let loaded = try ONNXFile.read(model)
    let samples = try runOptions.data(data, for: loaded)
    let notes = samples.notes + (try DataSurvey(samples, label: "data").notes)
    let progress = Progress("evaluating", total: samples.count)
    let accuracy = try Accuracy(
      of: loaded, on: samples, options: runOptions.session(backend).saturating(saturation),
      progress: progress.update)
    try report.print(accuracy.report(notes: notes))
  }
}
