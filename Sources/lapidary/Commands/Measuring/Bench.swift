import ArgumentParser
import Lapidary

/// `lapidary bench`.
struct Bench: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Measures how long a model takes, and where the time goes.",
    discussion: """
      Runs one batch again and again. Latency is measured first; the table of operators comes from \
      further runs, in which each step is timed.

      Example: lapidary bench Fixtures/fashion/fashion.onnx --runs 20
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(
    help: "A batch: an .npz file, a folder of .npy or .pb files, or random:N.", completion: .file())
  var inputs = "random:1"

  @Option(help: "How often to run.")
  var runs = 50

  @Option(
    help: ArgumentHelp("Which implementation runs the model.", valueName: "accelerated|reference"))
  var backend = BackendName.accelerated

  @OptionGroup var dimensions: DimensionOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
  }

  func run() throws {
    let progress = Progress("running", total: runs)
    let measured = try Latency(
      of: model,
      data: { model throws(ModelError) in
        try Dataset.load(
          inputs, for: try dimensions.bound(model).model, seed: runOptions.seed)
      },
      runs: runs, options: runOptions.session(backend), progress: progress.update)
    try report.print(measured.report)
  }
}
