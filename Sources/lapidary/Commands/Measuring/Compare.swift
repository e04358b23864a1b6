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

  @Argument(help: "The first model, the reference.", completion: .file())
  var a: String

  @Argument(help: "The second model.", completion: .file())
  var b: String

  @Option(
    help:
      "Samples: an .npz file, a folder of .npy or .pb files, or random:N, which is random:4 by default.",
    completion: .file())
  var inputs: String?

  @Option(help: "The largest difference allowed, relative to the output's largest magnitude.")
  var tolerance = 1e-4

  @OptionGroup var dimensions: DimensionOptions
  @OptionGroup var page: HTMLOptions
  @OptionGroup var saturation: SaturationOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func validate() throws {
    guard tolerance >= 0 else {
      throw ValidationError("--tolerance: expected 0 or more, found \(tolerance)")
    }
  }

  func run() throws {
    let first = try ONNXFile.read(a), second = try ONNXFile.read(b)
    let bound = try dimensions.bound(first).model
    var (data, notes) = (try runOptions.data("random:4", for: bound), [String]())
    if let inputs {
      (data, notes) = try runOptions.surveyed(inputs, for: bound, label: "inputs", refuses: false)
    }
    let progress = Progress("comparing", total: data.count)
    let result = try ModelComparison(
      first, second, on: data, options: runOptions.session().saturating(saturation),
      progress: progress.update)
    let found = result.report(tolerance: tolerance, notes: notes + result.notes)
    try page.write {
      .comparison(found, result, first, second, tolerance: tolerance, title: "\(a) → \(b)")
    }
    try report.print(found)
    if result.maxRelative > tolerance { throw ExitCode(1) }
  }
}
