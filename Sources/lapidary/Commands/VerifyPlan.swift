import ArgumentParser
import Lapidary

/// `lapidary verify-plan`.
struct VerifyPlan: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Checks that a pruned model is what its plan says, without trusting the pruner.",
    discussion: """
      Slices the weights that the plan names and compares them bit by bit, then runs the original, \
      masked as the plan states, and the pruned model on the same inputs.

      Example: lapidary verify-plan Fixtures/fashion/fashion.onnx pruned.onnx plan.json
      """)

  @Argument(help: "The model before pruning.", completion: .file())
  var original: String

  @Argument(help: "The model after pruning.", completion: .file())
  var pruned: String

  @Argument(help: "The plan that prune wrote with --plan or --plan-only.", completion: .file())
  var plan: String

  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func run() throws {
    let before = try ONNXFile.read(original), after = try ONNXFile.read(pruned)
    let plan = try PruningPlan(json: try TextFile.read(plan))
    let verification = Verification(seed: runOptions.seed, options: runOptions.session())
    let found = try PlanVerification(verification).check(
      before, hash: before.contentHash(), after, output: after.contentHash(), plan)
    try report.print(found.report)
    if !found.problems.isEmpty { throw ExitCode(1) }
  }
}
