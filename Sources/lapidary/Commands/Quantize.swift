public import ArgumentParser
public import Lapidary

/// `lapidary quantize`.
struct Quantize: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Quantizes a model to 8-bit integers, in QDQ form.",
    discussion: """
      Example: lapidary quantize Fixtures/fashion/fashion.onnx -o int8.onnx \
      --calibration Fixtures/fashion/calibration.npz
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var placement: PlacementOptions

  @Option(help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.")
  var calibration: String?

  @Option(help: ArgumentHelp("For which runtime.", valueName: "ort-x86"))
  var profile = QuantizationOptions.Profile.ortX86

  @Option(help: ArgumentHelp("The form of the result.", valueName: "qdq"))
  var encoding = Encoding.qdq

  @Option(
    help: ArgumentHelp("How ranges follow from the values seen.", valueName: "minmax|percentile"))
  var method = "minmax"

  @Option(help: "The fraction of values that the percentile method keeps.")
  var percentile: Double?

  @Option(help: "Statistics of an earlier run: read when the file exists, else written.")
  var statistics: String?

  @Option(help: "Names or patterns of nodes or operators that stay in float.")
  var exclude: [String] = []

  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  enum Encoding: String, ExpressibleByArgument, CaseIterable { case qdq }

  func checkOptions() throws {
    if calibration == nil && statistics == nil {
      throw ValidationError("expected --calibration or --statistics")
    }
    if let percentile, !(0.5...1).contains(percentile) {
      throw ValidationError("--percentile: expected a fraction from 0.5 to 1, found \(percentile)")
    }
  }

  func run() throws {
    try output.check(against: [model])
    let original = try ONNXFile.read(model)
    var options = QuantizationOptions()
    options.profile = profile
    options.method = try .init(named: method)
    if let percentile { options.method = .percentile(percentile) }
    options.exclude = exclude
    let quantizer = try Quantizer(original, options)
    var data: Dataset?
    if let calibration {
      data = try Dataset.load(calibration, for: original, seed: runOptions.seed)
    }
    let found = try ranges(quantizer, original, data)
    let result = try quantizer.quantize(found)
    let comparison = try verification.comparison(
      quantizer.model, result.model, on: data, runOptions)
    try output.write(result.model, placement, from: original, at: model)
    show(result, comparison, ModelNotes(original).lines)
  }

  private func ranges(
    _ quantizer: Quantizer, _ original: Model, _ data: Dataset?
  ) throws(ModelError) -> CalibrationStatistics {
    let hash = statistics == nil ? "" : original.contentHash()
    if let statistics, TextFile.exists(statistics) {
      let found = try CalibrationStatistics(json: try TextFile.read(statistics))
      guard found.model == hash else {
        throw ModelError(
          .request,
          "\"\(statistics)\": expected statistics of model \(hash), found those of \(found.model)")
      }
      return found
    }
    guard let data else {
      throw ModelError(
        .request,
        "calibration: expected --calibration or an existing --statistics file, found neither")
    }
    let progress = Progress("calibrating", total: data.count)
    let found = try quantizer.calibrate(
      on: data, modelHash: hash, options: runOptions.session(), progress: progress.update)
    if let statistics { try TextFile.write(try found.json(), to: statistics) }
    return found
  }

  private func show(
    _ result: Quantizer.Result, _ comparison: ModelComparison?, _ notes: [String]
  ) {
    var table = Table(
      "",
      [
        .init("operator"), .init("integer", numeric: true), .init("float", numeric: true),
        .init("why float"),
      ])
    let operators = Dictionary(grouping: result.entries, by: \.op.description)
    for (op, entries) in operators.sorted(by: { $0.key < $1.key }) {
      let float = entries.filter { $0.reason != nil }
      let reasons = Array(Set(float.compactMap(\.reason))).sorted().joined(separator: "; ")
      table.add(.init(op), .init(entries.count - float.count), .init(float.count), .init(reasons))
    }
    var text = table.text + noteText(notes)
    if verification.verify && comparison == nil {
      text += "not compared: the model has an operator that Lapidary cannot run\n"
    }
    for output in comparison?.outputs ?? [] {
      text +=
        "output '\(output.name)': SQNR \(NumberText.decimal(output.comparison.sqnr, 1)) dB, "
        + "cosine \(NumberText.decimal(output.comparison.cosine, 5))\n"
    }
    let nodes = result.entries.map { entry -> JSONValue in
      .object([
        "node": .string(entry.node), "integer": .bool(entry.reason == nil),
        "reason": .string(entry.reason),
      ])
    }
    let outputs = (comparison?.outputs ?? []).map { output -> JSONValue in
      .object([
        "name": .string(output.name), "sqnr": .number(output.comparison.sqnr),
        "cosine": .number(output.comparison.cosine),
      ])
    }
    report.print(
      toStandardError: output.reportsToStandardError, text: text, markdown: table.markdown,
      json: .object([
        "schema": .int(1), "operators": table.json, "nodes": .array(nodes),
        "outputs": .array(outputs),
        "notes": .array(notes.map { .string($0) }),
      ]))
  }
}

extension QuantizationOptions.Profile: ExpressibleByArgument {}
