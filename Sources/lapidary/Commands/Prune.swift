import ArgumentParser
import Lapidary

/// `lapidary prune`.
struct Prune: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Removes whole channels, with everything coupled to them, and proves the cut.",
    discussion: """
      Example: lapidary prune Fixtures/fashion/fashion.onnx -o pruned.onnx --ratio 0.3
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(
    name: [.short, .long], help: "The file to write; - for the standard output.",
    completion: .file())
  var output: String?

  @Flag(help: "Allow the output to replace the input, and files of other weights.")
  var force = false

  @OptionGroup var target: TargetOptions

  @OptionGroup var importance: ImportanceOptions

  @Option(help: "Round widths to a multiple of this number.")
  var roundTo = 1

  @Option(help: "Leave at least this many channels of each group.")
  var minChannels = 1

  @Option(help: "Remove no more than this fraction of any group.")
  var maxRatio = 1.0

  @Option(help: "Names or patterns of weights, nodes or operators whose channels stay.")
  var keep: [String] = []

  @Flag(help: "Leave weights alone that are graph inputs too, so that a caller can override them.")
  var freezeOverridable = false

  @Option(
    help: ArgumentHelp(
      "Remove this fraction of the groups that a name or pattern fits, whatever the target.",
      valueName: "PATTERN=R"))
  var groupRatio: [GroupRatioArgument] = []

  @Option(
    help: ArgumentHelp("Write the plan, with the proof, beside the model.", valueName: "PLAN.json"),
    completion: .file())
  var plan: String?

  @Option(
    help: ArgumentHelp("Write the plan and no model.", valueName: "PLAN.json"), completion: .file())
  var planOnly: String?

  @Option(
    help: ArgumentHelp("Replay a plan instead of choosing channels.", valueName: "PLAN.json"),
    completion: .file())
  var applyPlan: String?

  @OptionGroup var placement: PlacementOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  var runsModels: Bool {
    importance.runsModels || verification.verify && planOnly == nil
  }

  /// A pattern and a fraction, as in `layer4*=0.25`.
  struct GroupRatioArgument: ExpressibleByArgument {
    let entry: PruningOptions.GroupRatio

    init?(argument: String) {
      guard let split = argument.lastIndex(of: "="),
        let ratio = Double(argument[argument.index(after: split)...])
      else { return nil }
      entry = .init(pattern: String(argument[..<split]), ratio: ratio)
    }
  }

  func checkOptions() throws {
    try importance.check()
    try Fraction.check(maxRatio, "--max-ratio")
    for ratio in groupRatio {
      try Fraction.check(ratio.entry.ratio, "--group-ratio \(ratio.entry.pattern)")
    }
    guard roundTo >= 1 else {
      throw ValidationError("--round-to: expected 1 or more, found \(roundTo)")
    }
    guard minChannels >= 1 else {
      throw ValidationError("--min-channels: expected 1 or more, found \(minChannels)")
    }
    if target.target == nil && applyPlan == nil {
      throw ValidationError("expected one of --ratio, --macs, --params, --bytes or --apply-plan")
    }
    if target.target != nil && applyPlan != nil {
      throw ValidationError("--apply-plan says what to remove: give no target beside it")
    }
    if output == nil && planOnly == nil {
      throw ValidationError("expected --output or --plan-only")
    }
    if plan != nil && output == nil {
      throw ValidationError("--plan goes with --output; --plan-only writes no model")
    }
    if planOnly != nil && output != nil {
      throw ValidationError("--plan-only writes no model: give no --output beside it")
    }
  }

  func run() throws {
    var destination = OutputOptions()
    destination.output = output ?? planOnly ?? "-"
    destination.force = force
    try destination.check(against: [model] + (applyPlan.map { [$0] } ?? []))
    let original = try ONNXFile.read(model)
    var options = PruningOptions(target: target.target ?? .ratio(0))
    try importance.apply(to: &options, seed: runOptions.seed)
    options.minChannels = minChannels
    options.groupRatios = groupRatio.map(\.entry)
    options.roundTo = roundTo
    options.maxRatio = maxRatio
    options.keep = keep
    options.freezesOverridable = freezeOverridable
    var pruner = try Pruner(original, options)
    let dataNotes = try importance.calibrate(&pruner, for: original, runOptions)
    let proof = planOnly == nil ? verification.verification(runOptions) : nil
    let needsHash = planOnly != nil || applyPlan != nil || plan != nil
    let hash = needsHash ? original.contentHash() : ""
    let result: Pruner.Result
    if let applyPlan {
      let plan = try PruningPlan(json: try TextFile.read(applyPlan))
      result = try pruner.apply(plan, modelHash: hash, verification: proof)
    } else {
      result = try pruner.prune(modelHash: hash, verification: proof)
    }
    if let planOnly {
      try TextFile.write(try result.plan.json(), to: planOnly)
    } else {
      try destination.write(result.model, placement, from: original, at: model)
    }
    if let plan { try TextFile.write(try certified(result).json(), to: plan) }
    try report.print(
      result.report(
        notes: ModelNotes(original).lines + overridableNote(pruner) + dataNotes,
        proof: proofText(result)),
      toStandardError: destination.reportsToStandardError)
    if result.budget?.isExceeded ?? false { throw ExitCode(1) }
  }

  /// The plan with the proof that was made.
  private func certified(_ result: Pruner.Result) -> PruningPlan {
    var plan = result.plan
    if let difference = result.difference, let proof = verification.verification(runOptions) {
      plan.certificate = .init(
        seed: proof.seed, tolerance: proof.tolerance, difference: difference,
        output: result.model.contentHash())
    }
    return plan
  }

  private func overridableNote(_ pruner: Pruner) -> [String] {
    guard pruner.overridable > 0, !freezeOverridable else { return [] }
    return [
      "\(pruner.overridable) constants are graph inputs too, which a caller could override: taken as "
        + "weights; those inputs have the new shapes (--freeze-overridable leaves them alone)"
    ]
  }

  private func proofText(_ result: Pruner.Result) -> String {
    if planOnly != nil { return "plan only: no model written" }
    guard verification.verify else { return "not verified" }
    if let reason = result.unproved { return "not verified: \(reason)" }
    return "verified against the original with the removed channels masked: "
      + differenceText(result.difference ?? 0)
  }
}
