import ArgumentParser
import Lapidary

/// `lapidary verify-plan`.
struct VerifyPlan: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Checks that a model is what its plan says, without trusting who made it.",
    discussion: """
      Of a plan that prune wrote: slices the weights that the plan names and compares them bit by bit, \
      then runs the original, masked as the plan states, and the pruned model on the same inputs.

      Of a plan that compress wrote: compares the hashes of both models, counts what the compressed one \
      costs, and with the data measures what it loses.

      Example: lapidary verify-plan Fixtures/fashion/fashion.onnx pruned.onnx plan.json
      """)

  @Argument(help: "The model before pruning.", completion: .file())
  var original: String

  @Argument(help: "The model after pruning or compression.", completion: .file())
  var pruned: String

  @Argument(
    help: "The plan that prune wrote with --plan or --plan-only, or compress with --plan.",
    completion: .file())
  var plan: String

  @Option(help: "The calibration data that compress was given.", completion: .file())
  var calibration: String?

  @Option(help: "The labelled data that compress was given.", completion: .file())
  var evaluate: String?

  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func run() throws {
    let before = try ONNXFile.read(original), after = try ONNXFile.read(pruned)
    let json = try TextFile.read(plan)
    if CompressionPlan.isOne(json) { return try check(before, after, json) }
    let plan = try PruningPlan(json: json)
    let verification = Verification(seed: runOptions.seed, options: runOptions.session())
    let found = try PlanVerification(verification).check(
      before, hash: before.contentHash(), after, output: after.contentHash(), plan)
    try report.print(found.report)
    if !found.problems.isEmpty { throw ExitCode(1) }
  }

  private func check(_ before: Model, _ after: Model, _ json: [UInt8]) throws {
    let samples = try calibration.map { path throws(ModelError) in
      try runOptions.data(path, for: before)
    }
    let labelled = try evaluate.map { path throws(ModelError) in
      try runOptions.data(path, for: before)
    }
    let found = try CompressionVerification(
      before, after, try CompressionPlan(json: json), calibration: samples,
      choosing: labelled?.parts.fit ?? samples?.parts.proof, options: runOptions.session())
    try report.print(found.report)
    if !found.problems.isEmpty { throw ExitCode(1) }
  }
}
