import ArgumentParser
import Lapidary

/// `lapidary compress`.
struct Compress: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Fuses, prunes and quantizes a model, proves each step and reports gain and cost.",
    discussion: """
      Without a target nothing is pruned; without calibration data nothing is quantized. A recipe \
      file says the same in YAML; options given beside it win. Instead of how much to prune, goals can \
      be given, any of them together: what may be lost, and what the model may cost. The exit status \
      is 1 where a budget or a goal cannot be met; the nearest that can be reached is written.

      Example: lapidary compress Fixtures/fashion/fashion.onnx -o small.onnx --ratio 0.3 \
      --calibration Fixtures/fashion/calibration.npz --evaluate Fixtures/fashion/test.npz

      Example: lapidary compress Fixtures/fashion/fashion.onnx -o small.onnx --max-bytes 150KB \
      --calibration Fixtures/fashion/calibration.npz --evaluate Fixtures/fashion/test.npz
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var placement: PlacementOptions

  @Option(
    help: ArgumentHelp("A file that says what to do.", valueName: "FILE.yaml"), completion: .file())
  var recipe: String?

  @OptionGroup var target: TargetOptions
  @OptionGroup var goals: GoalOptions

  @Option(
    help: "Samples to quantize with: an .npz file, a folder of .npy or .pb files, or random:N.",
    completion: .file())
  var calibration: String?

  @Option(help: "Samples with an array 'labels' to measure each stage with.", completion: .file())
  var evaluate: String?

  @Flag(
    help: """
      Drop no whole blocks: neither those that the recipe says nor, with --macs, those with which less \
      is lost than with channels.
      """)
  var noDrop = false

  @Flag(help: "Leave pruning out.")
  var noPrune = false

  @Flag(help: "Leave out the recovery of accuracy after pruning, which needs calibration data.")
  var noRecover = false

  @Flag(
    help: """
      With --macs: remove channels alone, and divide no layers into two with fewer channels between \
      them.
      """)
  var noFactor = false

  @Flag(
    help: """
      Leave out the tuning after pruning, which needs 256 samples of calibration data and takes \
      some minutes.
      """)
  var noTune = false

  @Flag(help: "Leave quantization out.")
  var noQuantize = false

  @Flag(help: "Leave fusion out.")
  var noFuse = false

  @OptionGroup var dimensions: DimensionOptions
  @OptionGroup var page: HTMLOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  func checkOptions() throws {
    if goals.isGiven, target.target != nil {
      throw ValidationError(
        "a goal says how much to prune: give none of --ratio, --macs, --params and --bytes beside it"
      )
    }
    if noPrune, goals.pareto != nil {
      throw ValidationError("--pareto tries widths: leave out --no-prune")
    }
  }

  func run() throws {
    try output.check(against: [model])
    let loaded = try ONNXFile.read(model)
    try placement.check(for: loaded, at: model, output)
    var plan = try plan()
    for index in plan.edits.indices { plan.edits[index].join = located(plan.edits[index].join) }
    let (original, edits) = try plan.edited(
      loaded, verification: verification.verification(runOptions))
    let bound = try dimensions.bound(original).model
    let samples = try load(calibration ?? located(plan.calibration), bound)
    let labelled = try load(evaluate ?? located(plan.evaluation), bound)
    let progress = Progress("compressing")
    var goal = try search(original, plan, samples, labelled, progress)
    let result = try Compression(
      original, goal?.stages ?? plan.stages(hasCalibration: samples != nil), calibration: samples,
      evaluation: goal == nil ? labelled : goal?.reporting, dimensions: dimensions.dim,
      options: runOptions.session(), verification: verification.verification(runOptions),
      comparesRuntimes: true, progress: { progress.update($0) })
    try output.write(result.model, placement, from: loaded, at: model)
    let notes = edits.notes + ModelNotes(original).lines
    var found = result.report(notes: notes + (goal == nil ? unasked(plan, samples) : []))
    try goal?.finish(result.model, &found)
    try page.write { .compression(found, result, original: original, title: model) }
    try report.print(found, toStandardError: output.reportsToStandardError)
    let isMissed =
      goal?.search.plan.missed.isEmpty == false || result.state.drops?.missed != nil
    if isMissed || result.state.budget?.isExceeded ?? false { throw ExitCode(1) }
  }

  /// What is to be done: the recipe, with the options given beside it.
  private func plan() throws(ModelError) -> Recipe {
    var plan =
      try recipe.map { path throws(ModelError) in
        try Recipe(yaml: String(decoding: try TextFile.read(path), as: UTF8.self))
      } ?? Recipe()
    if let target = target.target {
      if plan.pruning == nil { plan.pruning = PruningOptions(target: target) }
      plan.pruning?.target = target
    }
    if let scores = located(plan.scores) {
      plan.pruning?.importance = .scores
      plan.choosesImportance = false
      plan.pruning?.scores = try ChannelScores(json: try TextFile.read(scores)).scores
    }
    if noDrop { (plan.drop, plan.dropsBlocks) = (nil, false) }
    if noPrune { plan.pruning = nil }
    if noRecover { plan.recovers = false }
    if noTune { plan.tuning = nil }
    if noFactor { plan.factors = false }
    if noFuse { plan.fuses = false }
    if noQuantize || (calibration == nil && recipe == nil) { plan.quantization = nil }
    return plan
  }

  /// What was left out since nobody asked for it.
  private func unasked(_ plan: Recipe, _ samples: Dataset?) -> [String] {
    var notes: [String] = []
    if plan.pruning == nil, !noPrune, recipe == nil {
      notes.append("nothing was pruned: none of --ratio, --macs, --params and --bytes is given")
    } else if plan.pruning != nil, plan.recovers, samples == nil {
      notes.append("nothing was recovered after pruning: no --calibration is given")
    }
    if plan.quantization == nil, !noQuantize, recipe == nil {
      notes.append("nothing was quantized: no --calibration is given")
    }
    return notes
  }

  /// A path of the recipe, which is seen from the recipe's folder.
  private func located(_ path: String?) -> String? {
    guard let path, let recipe, recipe != "-", !path.hasPrefix("/"), !path.hasPrefix("random:"),
      let end = recipe.lastIndex(of: "/")
    else { return path }
    return recipe[...end] + path
  }

  private func load(_ spec: String?, _ model: Model) throws(ModelError) -> Dataset? {
    guard let spec else { return nil }
    return try runOptions.data(spec, for: model)
  }
}
