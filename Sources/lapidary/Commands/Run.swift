import ArgumentParser
import Lapidary

/// `lapidary run`.
struct Run: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Runs a model and writes its outputs, one file each.",
    discussion: """
      Outputs are written as ONNX values (output_0.pb, ...) when the inputs came as .pb files, \
      else as NAME.npy, but for what NumPy has no type for, such as bfloat16. A folder with \
      input_0.pb, input_1.pb, ... is run once, as it is; its files may hold sequences and optionals \
      too.

      Example: lapidary run Fixtures/fashion/fashion.onnx --inputs random:4 -o outputs
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(
    help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.", completion: .file())
  var inputs: String?

  @Option(name: [.short, .long], help: "The folder to write to.", completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Compare the outputs with those of a golden, or with output_0.pb or NAME.npy in a folder; the exit status is 1 where one differs.",
      valueName: "DIR"), completion: .file())
  var expect: String?

  @Option(help: "The largest difference for --expect, relative to the output's largest magnitude.")
  var tolerance = 1e-4

  @Option(
    help: ArgumentHelp("Which implementation runs the model.", valueName: "accelerated|reference"))
  var backend = BackendName.accelerated

  @Option(
    help: ArgumentHelp(
      "How many samples to run at a time where the model takes any number; 0 for all.",
      discussion: "Outputs are joined along their first axis, where they can be."))
  var batch = 0

  @OptionGroup var dimensions: DimensionOptions
  @OptionGroup var saturation: SaturationOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func validate() throws {
    guard batch >= 0 else { throw ValidationError("--batch: expected 0 or more, found \(batch)") }
    guard output != nil || expect != nil else {
      throw ValidationError("expected -o FOLDER, --expect DIR or both, found neither")
    }
    guard inputs != nil || expect != nil else {
      throw ValidationError("expected --inputs DATA, found none")
    }
  }

  func run() throws {
    let loaded = try ONNXFile.read(model)
    if let expect, inputs == nil, Golden.isAt(expect) { return try verify(loaded, expect) }
    let inputs = inputs ?? expect ?? ""
    let session = try Session(loaded, options: runOptions.session(backend).saturating(saturation))
    let results: [String: Datum]
    var files: [String: String] = [:]
    var notes: [String] = []
    if let set = try ValueSet(inputs, for: loaded.graph) {
      results = try session.run(values: set.values)
      if let output {
        files = try OutputFolder(output).write(results, of: loaded.graph, asProtos: true)
      }
    } else {
      let data = try runOptions.data(inputs, for: try dimensions.bound(loaded).model)
      notes = data.notes
      let progress = Progress("running", total: data.count)
      results = try data.run(
        on: session, batch: batch > 0 ? batch : nil, keepsApart: expect == nil,
        progress: progress.update)
      if let output {
        files = try OutputFolder(output).write(
          results, of: loaded.graph, asProtos: data.isFromProtos)
      }
    }
    var found = Report.run(results, of: loaded.graph, files: files, notes: notes)
    guard let expect else { return try report.print(found) }
    let expected = try ExpectedOutputs(expect, results, of: loaded.graph, tolerance: tolerance)
    found.add(expected.table)
    try report.print(found)
    if expected.differs { throw ExitCode(1) }
  }

  /// Runs the model on a golden's own samples and looks at numbers alone.
  private func verify(_ model: Model, _ folder: String) throws {
    let found = try GoldenVerification(
      model, against: folder, comparison: nil, options: runOptions.session(backend))
    try report.print(found.report())
    if found.differs { throw ExitCode(1) }
  }
}
