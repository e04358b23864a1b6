import ArgumentParser
import Lapidary

/// `lapidary latency-table`.
struct LatencyTableCommand: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    commandName: "latency-table",
    abstract: "Measures how long a model's nodes take at several widths, for compress.",
    discussion: """
      The model is fused, cut to several widths at multiples of a vector's length, and run as bench \
      runs it, with numbers of 32 bits and quantized. compress --latency-table takes the file to foretell \
      how long models would run; without one it measures for itself where a time is asked for.

      Example: lapidary latency-table Fixtures/fashion/fashion.onnx -o latency.json \
      --inputs Fixtures/fashion/calibration.npz
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(name: [.short, .long], help: "The table as JSON.", completion: .file())
  var output: String

  @Option(
    help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.", completion: .file())
  var inputs = "random:2"

  @OptionGroup var dimensions: DimensionOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func run() throws {
    let original = try ONNXFile.read(model)
    let bound = try dimensions.bound(original).model
    let progress = Progress("timing")
    let table = try LatencyTable(
      measuring: original, Recipe(), on: try runOptions.data(inputs, for: bound),
      dimensions: dimensions.dim, options: runOptions.session(),
      progress: { progress.update($0) })
    try TextFile.write(try table.json(), to: output)
    try report.print(table.report)
  }
}
