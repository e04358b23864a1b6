import ArgumentParser
import Lapidary

/// `lapidary fuse`.
struct Fuse: ParsableCommand, RunsModels {
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

  @Option(help: ArgumentHelp("What may run the result.", valueName: "onnx"))
  var target = "onnx"

  @Option(parsing: .upToNextOption, help: "Apply only these fusion rules.")
  var only: [String] = []

  @Option(parsing: .upToNextOption, help: "Leave out these fusion rules.")
  var skip: [String] = []

  @Flag(help: "List the rules and end.")
  var list = false

  @Flag(help: "Print every application and every decline with its reason.")
  var explain = false

  @OptionGroup var placement: PlacementOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  func validate() throws {
    guard target == "onnx" else {
      throw ValidationError("--target: expected onnx, found '\(target)'")
    }
    if !list && (model == nil || output == nil) {
      throw ValidationError("expected a model and --output")
    }
  }

  func run() throws {
    guard !list, let model, let path = output else { return printRules() }
    var output = OutputOptions()
    output.output = path
    output.force = force
    try output.check(against: [model])
    let original = try ONNXFile.read(model)
    var fused = original
    let manager = try PassManager(try Simplify.passes(only: only, skip: skip))
    let reports = try manager.run(&fused)
    let difference = try verify(manager, original, fused)
    try output.write(fused, placement, from: original, at: model)

    let before = try CostReport(original), after = try CostReport(fused)
    var table = Table(
      "",
      [
        .init(""), .init("nodes", numeric: true), .init("parameters", numeric: true),
        .init("MACs", numeric: true),
      ])
    table.add(
      .init("before"), .init(original.graph.nodeCount), .init(before.parameters), .init(before.macs)
    )
    table.add(
      .init("after"), .init(fused.graph.nodeCount), .init(after.parameters), .init(after.macs))
    let unknown = UnknownOperators(original).notes
    report.print(
      toStandardError: output.reportsToStandardError,
      text: table.text + (explain ? reports.explanation : "")
        + unknown.map { "note: \($0)\n" }.joined()
        + proofText(difference) + "\n",
      markdown: table.markdown + (explain ? "\n" + reports.explanation : ""),
      json: .object([
        "schema": .int(1), "cost": table.json, "passes": reports.json,
        "notes": .array(unknown.map { .string($0) }), "proof": .string(proofText(difference)),
      ]))
  }

  /// Compares before and after; on a difference runs pass by pass to name the one that broke it.
  private func verify(
    _ manager: PassManager, _ original: Model, _ fused: Model
  ) throws(ModelError) -> Double? {
    guard let verification = verification.verification(runOptions) else { return nil }
    do { return try verification.check(original, fused) } catch {
      guard error.code == .verification else { throw error }
      var copy = original
      _ = try PassManager(manager.passes, verification: verification).run(&copy)
      throw error
    }
  }

  private func proofText(_ difference: Double?) -> String {
    guard verification.verify else { return "not verified" }
    guard let difference else {
      return "not verified: the model has an operator that Lapidary cannot run"
    }
    return "verified: \(differenceText(difference))"
  }

  private func printRules() {
    var table = Table("", [.init("rule"), .init("targets"), .init("what it does")])
    for rule in FusionPass.catalogue {
      table.add(.init(rule.name), .init("onnx"), .init(rule.summary))
    }
    report.print(
      text: table.text, markdown: table.markdown,
      json: .object(["schema": .int(1), "rules": table.json]))
  }
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
