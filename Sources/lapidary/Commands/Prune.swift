public import ArgumentParser
import Foundation
public import Lapidary

/// `lapidary prune`.
struct Prune: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Removes whole channels, with everything coupled to them, and proves the cut.",
    discussion: """
      Example: lapidary prune Fixtures/fashion/fashion.onnx -o pruned.onnx --ratio 0.3
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @Option(name: [.short, .long], help: "The file to write; - for the standard output.")
  var output: String?

  @Flag(help: "Allow the output to replace the input.")
  var force = false

  @OptionGroup var target: TargetOptions

  @Option(help: ArgumentHelp("How channels are scored.", valueName: "l2"))
  var importance = Importance.l2

  @Option(
    help: ArgumentHelp("Against which channels a channel competes.", valueName: "local|global"))
  var scope = PruningOptions.Scope.local

  @Option(help: "Round widths to a multiple of this number.")
  var roundTo = 1

  @Option(help: "Remove no more than this fraction of any group.")
  var maxRatio = 1.0

  @Option(help: "Names or patterns of weights, nodes or operators whose channels stay.")
  var keep: [String] = []

  @Flag(help: "Leave weights alone that are graph inputs too, so that a caller can override them.")
  var freezeOverridable = false

  @Option(help: ArgumentHelp("Write the plan and no model.", valueName: "PLAN.json"))
  var planOnly: String?

  @Option(help: ArgumentHelp("Replay a plan instead of choosing channels.", valueName: "PLAN.json"))
  var applyPlan: String?

  @OptionGroup var placement: PlacementOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  enum Importance: String, ExpressibleByArgument, CaseIterable { case l2 }

  func validate() throws {
    if target.target == nil && applyPlan == nil {
      throw ValidationError("expected one of --ratio, --macs, --params, --bytes or --apply-plan")
    }
    if target.target != nil && applyPlan != nil {
      throw ValidationError("--apply-plan says what to remove: give no target beside it")
    }
    if output == nil && planOnly == nil {
      throw ValidationError("expected --output or --plan-only")
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
    options.scope = scope
    options.roundTo = roundTo
    options.maxRatio = maxRatio
    options.keep = keep
    options.freezesOverridable = freezeOverridable
    let pruner = try Pruner(original, options)
    let proof = planOnly == nil ? verification.verification(runOptions) : nil
    let needsHash = planOnly != nil || applyPlan != nil
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
    show(
      result, UnknownOperators(original).notes + overridableNote(pruner),
      toStandardError: destination.reportsToStandardError)
  }

  private func overridableNote(_ pruner: Pruner) -> [String] {
    guard pruner.overridable > 0, !freezeOverridable else { return [] }
    return [
      "\(pruner.overridable) constants are graph inputs too, which a caller could override: taken as "
        + "weights; those inputs have the new shapes (--freeze-overridable leaves them alone)"
    ]
  }

  private func show(_ result: Pruner.Result, _ notes: [String], toStandardError: Bool) {
    var table = Table(
      "",
      [
        .init(""), .init("MACs", numeric: true), .init("parameters", numeric: true),
        .init("weight bytes", numeric: true),
      ])
    table.add(
      .init("before"), .init(result.before.macs), .init(result.before.parameters),
      .init(result.before.bytes))
    table.add(
      .init("after"), .init(result.after.macs), .init(result.after.parameters),
      .init(result.after.bytes))
    let groups = result.plan.groups
    let cut = groups.reduce(0) { $0 + ($1.kept < $1.channels ? 1 : 0) }
    var lines = ["\(cut) of \(groups.count) groups cut"]
    let reasons = Dictionary(grouping: result.plan.frozen, by: \.reason)
      .mapValues { $0.reduce(0) { $0 + $1.channels } }
    for (reason, channels) in reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      lines.append("\(channels) channels frozen: \(reason)")
    }
    lines += notes
    lines.append(proofText(result))
    report.print(
      toStandardError: toStandardError,
      text: table.text + lines.map { $0 + "\n" }.joined(),
      markdown: table.markdown + "\n" + lines.map { "- \($0)\n" }.joined(),
      json: .object([
        "schema": .int(1), "cost": table.json, "plan": result.plan.summary,
        "notes": .array(notes.map { .string($0) }), "proof": .string(proofText(result)),
      ]))
  }

  private func proofText(_ result: Pruner.Result) -> String {
    if planOnly != nil { return "plan only: no model written" }
    guard verification.verify else { return "not verified" }
    if let reason = result.unproved { return "not verified: \(reason)" }
    return "verified against the original with the removed channels masked: "
      + differenceText(result.difference ?? 0)
  }
}

extension PruningOptions.Scope: ExpressibleByArgument {}
