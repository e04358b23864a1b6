public import ArgumentParser
public import Lapidary

/// `lapidary fuse`.
struct Fuse: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Simplifies a model: fuses operators, folds constants, removes what does nothing.",
    discussion: """
      Example: lapidary fuse Fixtures/fashion/fashion.onnx -o fused.onnx --explain
      """)

  @Argument(help: "The model; - for the standard input. Not needed with --list.")
  var model: String?

  @Option(name: [.short, .long], help: "The file to write; - for the standard output.")
  var output: String?

  @Flag(help: "Allow the output to replace the input.")
  var force = false

  @Option(
    help: ArgumentHelp(
      "What will run the result.", valueName: "onnx|onnxruntime|tensorrt|openvino"))
  var target = FusionTarget.onnx

  @Option(parsing: .upToNextOption, help: "Apply only these rules.")
  var only: [String] = []

  @Option(parsing: .upToNextOption, help: "Leave out these rules.")
  var skip: [String] = []

  @Option(
    help: ArgumentHelp(
      "How much computed constants may add to the file: bytes, or with K, M or G behind.",
      valueName: "BYTES"))
  var growth = ByteCount(1 << 30)

  @Flag(help: "Replace calls of the model's own functions by their bodies first.")
  var inlineFunctions = false

  @Flag(help: "List the rules and end.")
  var list = false

  @Flag(help: "Print every application and every decline with its reason.")
  var explain = false

  @OptionGroup var placement: PlacementOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  func checkOptions() throws {
    if !list && (model == nil || output == nil) {
      throw ValidationError("expected a model and --output")
    }
  }

  var runsModels: Bool { verification.verify }

  func run() throws {
    guard !list, let model, let path = output else { return printRules() }
    var output = OutputOptions()
    output.output = path
    output.force = force
    try output.check(against: [model])
    let original = try ONNXFile.read(model)
    var fused = original
    let options = FusionOptions(
      only: only, skip: skip, target: target, growthLimit: growth.bytes,
      inlinesFunctions: inlineFunctions)
    let reports = try PassManager(try Simplify.passes(options)).run(&fused)
    let proof = try verify(options, original, fused, reports)
    try output.write(fused, placement, from: original, at: model)

    let before = try CostReport(original), after = try CostReport(fused)
    var table = Table(
      "",
      [
        .init(""), .init("nodes", numeric: true), .init("parameters", numeric: true),
        .init("MACs", numeric: true), .init("constant bytes", numeric: true),
      ])
    for (name, model, cost) in [("before", original, before), ("after", fused, after)] {
      table.add(
        .init(name), .init(model.graph.nodeCount), .init(cost.parameters), .init(cost.macs),
        .init(model.graph.constantBytes))
    }
    let unknown = ModelNotes(original).lines
    report.print(
      toStandardError: output.reportsToStandardError,
      text: table.text + (explain ? reports.explanation : "")
        + noteText(unknown) + proof + "\n",
      markdown: table.markdown + (explain ? "\n" + reports.explanation : ""),
      json: .object([
        "schema": .int(1), "cost": table.json, "passes": reports.json,
        "notes": .array(unknown.map { .string($0) }), "proof": .string(proof),
      ]))
  }

  /// Compares before and after; on a difference runs again to name the rule that broke it.
  private func verify(
    _ options: FusionOptions, _ original: Model, _ fused: Model, _ reports: [PassReport]
  ) throws(ModelError) -> String {
    guard let verification = verification.verification(runOptions) else { return "not verified" }
    guard reports.contains(where: { !$0.applied.isEmpty }) else {
      return "verified: nothing was changed"
    }
    do {
      guard let difference = try verification.check(original, fused) else {
        return "not verified: the model has an operator that Lapidary cannot run"
      }
      return "verified: \(differenceText(difference))"
    } catch {
      guard error.code == .verification else { throw error }
      var copy = original
      _ = try PassManager(try Simplify.passes(options), verification: verification).run(&copy)
      throw error
    }
  }

  private func printRules() {
    var table = Table("", [.init("rule"), .init("targets"), .init("what it does")])
    for rule in Simplify.rules {
      let targets =
        rule.targets == FusionTarget.allCases
        ? "all" : rule.targets.map(\.rawValue).joined(separator: ", ")
      table.add(.init(rule.name), .init(targets), .init(rule.summary))
    }
    report.print(
      text: table.text, markdown: table.markdown,
      json: .object(["schema": .int(1), "rules": table.json]))
  }
}

extension FusionTarget: ExpressibleByArgument {}

/// A number of bytes as users write it: `4096`, `64K`, `100M`, `2G`.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init(_ bytes: Int) { self.bytes = bytes }

  init?(argument: String) {
    let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30]
    let shift = argument.uppercased().last.flatMap { shifts[$0] }
    let digits = shift == nil ? argument : String(argument.dropLast())
    guard let number = Int(digits), number >= 0,
      case let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << (shift ?? 0)),
      !overflow
    else { return nil }
    self.bytes = bytes
  }

  var defaultValueDescription: String { "\(bytes >> 30)G" }
}

/// What a proof found, in words.
func differenceText(_ difference: Double) -> String {
  difference == 0
    ? "outputs are equal"
    : "outputs differ by at most \(scientificText(difference)) of their largest value"
}

/// A small number for people: `3.1e-07`, or `0`.
func scientificText(_ value: Double) -> String { value == 0 ? "0" : NumberText.scientific(value) }

extension [PassReport] {
  /// One line for each application and decline.
  var explanation: String {
    flatMap { report in
      report.applied.map { "\($0.rule.isEmpty ? report.pass : $0.rule): \($0.node): \($0.text)\n" }
        + report.declined.map {
          "\($0.rule.isEmpty ? report.pass : $0.rule): \($0.node): not applied: \($0.text)\n"
        }
    }.joined()
  }

  /// Applications and declines by pass.
  var json: JSONValue {
    func list(_ entries: [PassReport.Entry]) -> JSONValue {
      .array(
        entries.map {
          .object(["node": .string($0.node), "rule": .string($0.rule), "text": .string($0.text)])
        })
    }
    return .array(
      map {
        .object([
          "pass": .string($0.pass), "applied": list($0.applied), "declined": list($0.declined),
        ])
      })
  }
}
