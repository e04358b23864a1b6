internal import Execution
internal import IR
internal import Passes
internal import Samples

/// Makes the models of a search, and measures them.
struct CandidateMaker: Sendable {
  let recipe: Recipe
  let original: Model
  /// The original after fusion and without the blocks that the recipe drops, and how it became so.
  let fused: ModelState
  let preparing: [MadeStage]
  let setting: StageSetting
  let calibration: Dataset
  let choosing: Dataset
  /// Whether runs are timed.
  let isTimed: Bool
  /// How long the original runs in onnxruntime, in seconds; nil where models are not timed there.
  var onnxruntimeOriginal: Double?
  /// The layers that keep 8 bits where some take 4 (`Numbers.mixed`).
  var fullWeights: [String] = []
  let dimensions: [String]
  let trial: Trial
  private let meter: LossMeter

  init(
    _ model: Model, _ recipe: Recipe, calibration: Dataset, choosing: Dataset, isTimed: Bool,
    dimensions: [String], _ setting: StageSetting
  ) throws(ModelError) {
    original = model
    self.setting = setting
    self.calibration = calibration
    self.choosing = choosing
    self.isTimed = isTimed
    self.dimensions = dimensions
    var state = ModelState(model)
    preparing = try Self.preparing(recipe).map { stage throws(ModelError) in
      try MadeStage(stage, &state, setting)
    }
    fused = state
    self.recipe = try Self.settled(recipe, state, setting)
    trial = try Trial(
      model, dimensions: dimensions, data: calibration, options: setting.options,
      comparesRuntimes: isTimed)
    meter = try LossMeter(
      model, on: choosing, further: calibration, options: setting.options)
  }

  /// The stages that all models have in common.
  private static func preparing(_ recipe: Recipe) -> [any Stage] {
    var stages: [any Stage] = recipe.fuses ? [FuseStage(recipe.fusion)] : []
    if let drop = recipe.drop {
      stages.append(DropStage(drop, adapts: recipe.recovers))
      if recipe.recovers { stages.append(RecoverStage()) }
    }
    return stages
  }

  /// A network of more multiply-accumulates times samples keeps to the importance that needs no data.
  private static let mostWork = 5e10

  /// The recipe with an importance for all models: that with which least is lost of half the
  /// multiply-accumulates.
  private static func settled(
    _ recipe: Recipe, _ fused: ModelState, _ setting: StageSetting
  ) throws(ModelError) -> Recipe {
    guard recipe.choosesImportance else { return recipe }
    var recipe = recipe, options = pruning(recipe, [:])
    recipe.choosesImportance = false
    let macs = try Pruner.macs(of: fused.model)
    guard recipe.recovers, Double(macs) * Double(setting.fit?.count ?? 0) <= mostWork else {
      return recipe
    }
    options.target = .macs(0.5)
    guard let best = try ImportanceChoice.best(for: fused, options, setting) else { return recipe }
    options.importance = best.importance
    recipe.pruning = options
    return recipe
  }

  /// The pruning that the recipe asks for but for its amount.
  static func pruning(_ recipe: Recipe, _ widths: [String: Double]) -> PruningOptions {
    var options = recipe.pruning ?? PruningOptions(target: .ratio(0))
    options.target = .ratio(0)
    options.competition = .local
    options.widths = widths
    return options
  }

  /// The recipe that makes a model from the fused one, from which what the recipe itself drops is gone.
  func recipe(_ widths: [String: Double], _ numbers: Numbers) -> Recipe {
    var recipe = recipe
    recipe.pruning =
      widths.isEmpty ? nil : Self.pruning(recipe, RankOption.widths(widths))
    recipe.ranks = RankOption.ranks(widths)
    let blocks = BlockOption.dropped(widths)
    recipe.fuses = false
    recipe.drop = blocks.isEmpty ? nil : DropOptions(target: .named(blocks))
    switch numbers {
    case .int8: break
    case .int4, .mixed:
      recipe.quantization?.weightBits = 4
      if numbers == .mixed { recipe.quantization?.fullWeights += fullWeights }
      recipe.quantization?.rounding = .gptq
      if tunes { recipe.tuning?.isQuantized = true }
    case .int16: recipe.quantization?.hasWideActivations = true
    case .float16: (recipe.quantization, recipe.half) = (nil, .float16)
    case .float: recipe.quantization = nil
    }
    return recipe
  }

  /// The stages after those that all models have in common.
  func stages(_ widths: [String: Double], _ numbers: Numbers) -> [any Stage] {
    recipe(widths, numbers).stages(hasCalibration: true)
  }

  // MARK: Models

  /// A model and how it was made.
  struct Made {
    let candidate: Candidate
    let model: Model
    let stages: [MadeStage]
  }

  /// Makes the model of a place.
  ///
  /// - Parameter problem: widths that come into question. Where there are several, models are cut and
  ///   recovered at each, and that with which least is lost is gone on with.
  func make(
    _ place: Candidate.Place, _ problem: WidthProblem,
    progress: @escaping @Sendable (WorkProgress) -> Void
  ) throws(ModelError) -> Made {
    let trials = try trials()
    let choice = try choose(problem, trials, progress)
    let widths = (choice.solution?.ratios ?? [:]).filter { $0.value > 0 }
    var setting = place.isDraft ? trials.setting : setting
    setting.progress = progress
    var state = fused
    var made: [MadeStage] = []
    for stage in stages(widths, place.numbers) {
      if place.isDraft, stage.name == TuneStage().name { continue }
      if let known = choice.recovered, stage.name == known.name {
        _ = try known.run(&state, setting)
        made.append(known)
      } else {
        made.append(try MadeStage(stage, &state, setting))
      }
    }
    progress(WorkProgress("measuring", done: 0, of: 0))
    let candidate = Candidate(
      place: place, widths: widths, foretold: choice.solution?.error ?? 0,
      costs: try costs(of: state), loss: try meter.loss(of: state.model),
      model: state.model.contentHash())
    return Made(candidate: candidate, model: state.model, stages: made)
  }

  private func trials() throws(ModelError) -> WidthTrials {
    let macs = Double(max(1, try trial.cost(of: fused.model).0.macs))
    return WidthTrials(self, macs: macs, meter)
  }

  /// The widths that `make` would take; nil where there are none to take.
  func chosen(
    _ problem: WidthProblem, progress: @escaping @Sendable (WorkProgress) -> Void
  ) throws(ModelError) -> WidthSearch.Solution? {
    try choose(problem, try trials(), progress).solution
  }

  /// The widths with which least is lost once the model is recovered, before it is tuned and quantized;
  /// and the recovery, where it was on all samples.
  private func choose(
    _ problem: WidthProblem, _ trials: WidthTrials,
    _ progress: @escaping @Sendable (WorkProgress) -> Void
  ) throws(ModelError) -> (solution: WidthSearch.Solution?, recovered: MadeStage?) {
    guard problem.solutions.count > 1 else { return (problem.solutions.first, nil) }
    var best: WidthTrials.Result?
    let count = problem.solutions.count + WidthProblem.rounds
    for (place, solution) in problem.solutions.enumerated() {
      progress(WorkProgress("comparing", done: place, of: count))
      let found = try trials.result(solution)
      if best.map({ found.noise < $0.noise }) ?? true { best = found }
    }
    for round in 0..<WidthProblem.rounds {
      progress(WorkProgress("comparing", done: problem.solutions.count + round, of: count))
      guard let known = best, let refine = problem.refine,
        let solution = try refine(try trials.margins(known)),
        solution.ratios != known.solution.ratios
      else { break }
      let found = try trials.result(solution)
      guard found.noise < known.noise else { break }
      best = found
    }
    return (best?.solution, trials.isWhole ? best?.recovered : nil)
  }
}
