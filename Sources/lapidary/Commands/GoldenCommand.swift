import ArgumentParser
import Lapidary

/// `lapidary golden`.
struct GoldenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "golden",
    abstract: "Records what a model is and computes, and verifies that it still does.",
    subcommands: [Record.self, Verify.self])

  /// `lapidary golden record`.
  struct Record: ParsableCommand, RunsModels {
    static let configuration = CommandConfiguration(
      abstract:
        "Records graph, digests of weights, samples and outputs in a folder of small files.",
      discussion: """
        The folder is meant for version control. Outputs are kept as text; the tolerance is ten times \
        the difference between the two backends, unless it is given.

        Example: lapidary golden record Fixtures/fashion/fashion.onnx -o golden
        """)

    @Argument(help: "The model.", completion: .file())
    var model: String

    @Option(name: [.short, .long], help: "The folder to write to.", completion: .file())
    var output: String

    @Option(
      help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.",
      completion: .file())
    var inputs = "random:2"

    @Option(help: "The largest difference allowed, relative to the output's largest magnitude.")
    var tolerance: Double?

    @OptionGroup var dimensions: DimensionOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var runOptions: RunOptions

    func run() throws {
      let loaded = try ONNXFile.read(model)
      let data = try runOptions.data(inputs, for: try dimensions.bound(loaded).model)
      let golden = try Golden.record(
        loaded, to: output, on: data, seed: runOptions.seed, options: runOptions.session(),
        tolerance: tolerance)
      try report.print(golden.report(folder: output))
    }
  }

  /// `lapidary golden verify`.
  struct Verify: ParsableCommand, RunsModels {
    static let configuration = CommandConfiguration(
      abstract: "Says what differs from what was recorded: in graph, weights and outputs.",
      discussion: """
        The exit status is 1 when something moved.

        Example: lapidary golden verify Fixtures/fashion/fashion.onnx golden
        """)

    @Argument(help: "The model.", completion: .file())
    var model: String

    @Argument(help: "The folder that `golden record` wrote.", completion: .file())
    var folder: String

    @Option(
      help: ArgumentHelp(
        "Which implementation runs the model.", valueName: "accelerated|reference"))
    var backend = BackendName.accelerated

    @OptionGroup var choices: DiffChoices
    @OptionGroup var report: ReportOptions
    @OptionGroup var runOptions: RunOptions

    func run() throws {
      let found = try GoldenVerification(
        try ONNXFile.read(model), against: folder, comparison: try choices.diff(),
        options: runOptions.session(backend))
      try report.print(found.report())
      if found.differs { throw ExitCode(1) }
    }
  }
}
