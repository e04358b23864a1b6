public import ArgumentParser
public import Lapidary

/// `lapidary sparsify`.
struct Sparsify: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Sets the least important elements of weights to zero.",
    discussion: """
      --ratio makes a fraction of every weight zero, wherever the elements lie. --pattern N:M leaves \
      at most N of every M elements that follow each other along the axis summed over (the input \
      channels of a convolution), as sparse matrix units want: 2:4. Weights are those of \
      convolutions, products and recurrent layers; biases and depthwise convolutions stay dense. \
      Shapes do not change: files become smaller only when they are compressed.

      By magnitude, elements compete with those of their own weight, or with --scope global with those \
      of all weights; by wanda (magnitude times the norm of what an element is multiplied with) with \
      those that make the same output. --keep leaves weights alone, the first and the last for one.

      Example: lapidary sparsify Fixtures/fashion/fashion.onnx -o sparse.onnx --pattern 2:4
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var placement: PlacementOptions

  @Option(help: ArgumentHelp("Make this fraction of the elements zero.", valueName: "0..1"))
  var ratio: Double?

  @Option(help: ArgumentHelp("Leave at most N of every M elements.", valueName: "N:M"))
  var pattern: String?

  @Option(
    help: ArgumentHelp(
      "What makes an element important; wanda needs --calibration.", valueName: "magnitude|wanda"))
  var importance = SparsityOptions.Importance.magnitude

  @Option(
    help: ArgumentHelp(
      "Against which elements an element competes by --ratio.", valueName: "local|global"))
  var scope = SparsityOptions.Competition.local

  @Option(
    help: "Samples to measure with: an .npz file, a folder of .npy or .pb files, or random:N.",
    completion: .file())
  var calibration: String?

  @Option(help: "Names or patterns of weights, nodes or operators that stay as they are.")
  var keep: [String] = []

  @Option(
    help: ArgumentHelp("Write which elements stay.", valueName: "PLAN.json"), completion: .file())
  var plan: String?

  @Option(
    help: ArgumentHelp("Replay a plan instead of choosing elements.", valueName: "PLAN.json"),
    completion: .file())
  var applyPlan: String?

  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  func checkOptions() throws {
    guard [ratio != nil, pattern != nil, applyPlan != nil].count(where: { $0 }) == 1 else {
      throw ValidationError("expected one of --ratio, --pattern and --apply-plan")
    }
    try Fraction.check(ratio, "--ratio")
    if let pattern, SparsityOptions.Target(pattern: pattern) == nil {
      throw ValidationError("--pattern: expected N:M with N from 0 to M, found '\(pattern)'")
    }
    if importance == .wanda && calibration == nil && applyPlan == nil {
      throw ValidationError("--importance wanda needs --calibration")
    }
    if pattern != nil && scope == .global {
      throw ValidationError("--scope goes with --ratio; a pattern chooses among M neighbours")
    }
  }

  func run() throws {
    try output.check(against: [model] + (applyPlan.map { [$0] } ?? []))
    let original = try ONNXFile.read(model)
    let target = pattern.flatMap { SparsityOptions.Target(pattern: $0) } ?? .ratio(ratio ?? 0)
    var options = SparsityOptions(target: target)
    options.importance = importance
    options.competition = scope
    options.keep = keep
    var sparsifier = try Sparsifier(original, options)
    let given = try calibration.map { source throws(ModelError) in
      try runOptions.surveyed(source, for: original, label: "calibration")
    }
    let data = given?.data
    if importance == .wanda, applyPlan == nil, let data {
      let progress = Progress("calibrating", total: data.count)
      try sparsifier.calibrate(
        on: SampleRun(data, for: sparsifier.model), options: runOptions.session(),
        progress: progress.update)
    }
    let hash = plan != nil || applyPlan != nil ? original.contentHash() : ""
    let result: Sparsifier.Result
    if let applyPlan {
      let plan = try SparsityPlan(json: try TextFile.read(applyPlan))
      result = try sparsifier.apply(plan, modelHash: hash)
    } else {
      result = try sparsifier.sparsify(modelHash: hash)
    }
    let comparison = try verification.comparison(
      original, result.model, on: data, runOptions)
    try output.write(result.model, placement, from: original, at: model)
    if let plan { try TextFile.write(try result.plan.json(), to: plan) }
    try report.print(
      result.plan.report(
        comparison, wasAsked: verification.verify,
        notes: ModelNotes(original).lines + (given?.notes ?? [])),
      toStandardError: output.reportsToStandardError)
  }
}

extension SparsityOptions.Importance: ExpressibleByArgument {}
extension SparsityOptions.Competition: ExpressibleByArgument {}
