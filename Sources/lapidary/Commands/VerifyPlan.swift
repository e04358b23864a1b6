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

  @Argument(help: "The model before pruning.")
  var original: String

  @Argument(help: "The model after pruning.")
  var pruned: String

  @Argument(help: "The plan that prune wrote with --plan or --plan-only.")
  var plan: String

  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func run() throws {
    let before = try ONNXFile.read(original), after = try ONNXFile.read(pruned)
    let plan = try PruningPlan(json: try TextFile.read(plan))
    let verification = Verification(seed: runOptions.seed, options: runOptions.session())
    let found = try PlanVerification(verification).check(
      before, hash: before.contentHash(), after, output: after.contentHash(), plan)
    var lines = [
      "\(found.sliced) weights are the slices that the plan names, \(found.unchanged) the original's"
    ]
    if let difference = found.difference {
      lines.append("against the original masked as the plan states: \(differenceText(difference))")
    } else if found.problems.isEmpty {
      lines.append("not run: the model has an operator that Lapidary cannot run")
    }
    lines += found.problems.map { "differs: \($0)" }
    report.print(
      text: lines.map { $0 + "\n" }.joined(), markdown: lines.map { "- \($0)\n" }.joined(),
      json: .object([
        "schema": .int(1), "agrees": .bool(found.problems.isEmpty), "sliced": .int(found.sliced),
        "unchanged": .int(found.unchanged),
        "difference": found.difference.map { .number($0) } ?? .null,
        "problems": .array(found.problems.map { .string($0) }),
      ]))
    if !found.problems.isEmpty { throw ExitCode(1) }
  }
}
