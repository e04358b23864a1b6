import ArgumentParser
import Lapidary

/// `lapidary calibrate`.
struct Calibrate: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Measures the values of a model on samples, for quantize --statistics.",
    discussion: """
      Statistics hold whatever any method makes of them. With --shard, machines measure a part of the \
      data each, and merge-statistics makes of the parts what one machine would have measured, to the bit.

      Example: lapidary calibrate Fixtures/fashion/fashion.onnx \
      --calibration Fixtures/fashion/calibration.npz -o statistics.json
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(
    help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.", completion: .file())
  var calibration: String

  @OptionGroup var destination: OutputOptions

  @Option(
    help: ArgumentHelp(
      "For which runtime.",
      valueName: "ort-x86|ort-vnni|ort-arm|tensorrt|openvino|qnn|generic"))
  var profile = QuantizationOptions.Profile.ortX86

  @Option(help: ArgumentHelp("Which part of the data, of how many.", valueName: "I/N"))
  var shard: String?

  @Option(help: "Samples to run at a time, where the model takes any number.")
  var batch = SampleRun.usualBatch

  @Flag(
    help: "Use all samples; otherwise every fourth of 64 or more is left for quantize's figures.")
  var all = false

  @OptionGroup var dimensions: DimensionOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch: expected 1 or more, found \(batch)") }
    _ = try part()
  }

  /// The part that the option names.
  private func part() throws -> Quantizer.Shard? {
    guard let shard else { return nil }
    let numbers = shard.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let index = numbers[0], let count = numbers[1] else {
      throw ValidationError("--shard: expected I/N, such as 3/16, found '\(shard)'")
    }
    do { return try Quantizer.Shard(index, of: count) } catch {
      throw ValidationError("--shard: \(error.message)")
    }
  }

  func run() throws {
    try destination.check(against: [model])
    let original = try ONNXFile.read(model)
    var options = QuantizationOptions()
    options.profile = profile
    let quantizer = try Quantizer(original, options)
    let data = try runOptions.data(calibration, for: try dimensions.bound(original).model)
    let used = all ? data : data.parts.fit
    let progress = Progress("calibrating", total: used.count)
    let found = try quantizer.calibrate(
      on: used, modelHash: original.contentHash(), batch: batch, shard: try part(),
      options: runOptions.session(), progress: progress.update)
    try TextFile.write(try found.json(), to: destination.output)
    try report.print(found.report, toStandardError: destination.reportsToStandardError)
  }
}

/// `lapidary merge-statistics`.
struct MergeStatistics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge-statistics",
    abstract: "Makes of parts that several machines measured what one would have measured.",
    discussion: """
      The parts may come in any order; each must be there once.

      Example: lapidary merge-statistics part1.json part2.json -o statistics.json
      """)

  @Argument(help: "The parts that calibrate --shard wrote.", completion: .file())
  var parts: [String]

  @OptionGroup var destination: OutputOptions

  @Flag(help: "Write what there is although parts are missing.")
  var partial = false

  @OptionGroup var report: ReportOptions

  func run() throws {
    try destination.check(against: parts)
    var whole: CalibrationStatistics?
    for part in parts {
      let found = try CalibrationStatistics(json: try TextFile.read(part))
      guard whole != nil else {
        whole = found
        continue
      }
      do throws(ModelError) { try whole?.merge(found) } catch {
        throw error.noting("\"\(part)\"")
      }
    }
    guard let whole else { return }
    if let missing = whole.missing, !partial {
      throw ModelError(
        .request, "statistics: expected all \(missing.count) parts, found none of \(missing.text)",
        hint: "give the missing parts too, or --partial to do without them")
    }
    try TextFile.write(try whole.json(), to: destination.output)
    try report.print(whole.report, toStandardError: destination.reportsToStandardError)
  }
}
