internal import Execution
internal import IR
internal import ONNXFile
internal import Passes
internal import Samples

/// Makes the models of a search, and measures them.
struct CandidateMaker: Sendable {
  let recipe: Recipe
  let original: Model
  /// The original after fusion.
  let fused: ModelState
  let setting: StageSetting
  let calibration: Dataset
  let choosing: Dataset
  /// Whether runs are timed.
  let isTimed: Bool
  private let trial: Trial
  private let meter: LossMeter

  /// Samples that ranges are taken of where only costs are wanted.
  private static let outlineSamples = 2

  init(
    _ model: Model, _ recipe: Recipe, calibration: Dataset, choosing: Dataset, isTimed: Bool,
    dimensions: [String], _ setting: StageSetting
  ) throws(ModelError) {
    self.recipe = recipe
    original = model
    self.setting = setting
    self.calibration = calibration
    self.choosing = choosing
    self.isTimed = isTimed
    var state = ModelState(model)
    if recipe.fuses { _ = try FuseStage(recipe.fusion).run(&state, setting) }
    fused = state
    trial = try Trial(model, dimensions: dimensions, data: calibration, options: setting.options)
    meter = try LossMeter(model, on: choosing, options: setting.options)
  }

  /// The pruning that the recipe asks for but for its amount.
  static func pruning(_ recipe: Recipe, _ widths: [String: Double]) -> PruningOptions {
    var options = recipe.pruning ?? PruningOptions(target: .ratio(0))
    options.target = .ratio(0)
    options.competition = .local
    options.widths = widths
    return options
  }

  /// The recipe that makes a model from the original.
  func recipe(_ widths: [String: Double], isQuantized: Bool) -> Recipe {
    var recipe = recipe
    recipe.pruning = widths.isEmpty ? nil : Self.pruning(recipe, widths)
    if !isQuantized { recipe.quantization = nil }
    return recipe
  }

  /// The stages after fusion.
  func stages(_ widths: [String: Double], isQuantized: Bool) -> [any Stage] {
    var recipe = recipe(widths, isQuantized: isQuantized)
    recipe.fuses = false
    return recipe.stages(hasCalibration: true)
  }

  func run(
    _ stages: [any Stage], _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) {
    for stage in stages {
      _ = try noting(stage.name) { () throws(ModelError) in try stage.run(&state, setting) }
    }
  }

  // MARK: Models

  /// Makes the model of a place.
  ///
  /// - Parameter problem: widths that come into question. Where there are several, models are cut and
  ///   recovered at each, and that with which least is lost is gone on with.
  func make(
    _ place: Candidate.Place, _ problem: WidthProblem,
    progress: @escaping @Sendable (WorkProgress) -> Void
  ) throws(ModelError) -> (candidate: Candidate, model: Model) {
    let solution = try choose(problem, progress)
    let widths = (solution?.ratios ?? [:]).filter { $0.value > 0 }
    var setting = setting
    setting.progress = progress
    var state = fused
    try run(stages(widths, isQuantized: place.isQuantized), &state, setting)
    progress(WorkProgress("measuring", done: 0, of: 0))
    let candidate = Candidate(
      place: place, widths: widths, foretold: solution?.error ?? 0, costs: try costs(of: state),
      loss: try meter.loss(of: state.model), model: state.model.contentHash())
    return (candidate, state.model)
  }

  /// The widths with which least is lost once the model is recovered, before it is tuned and quantized.
  private func choose(
    _ problem: WidthProblem, _ progress: @escaping @Sendable (WorkProgress) -> Void
  ) throws(ModelError) -> WidthSearch.Solution? {
    guard problem.solutions.count > 1 else { return problem.solutions.first }
    let macs = Double(max(1, try trial.cost(of: fused.model).0.macs))
    let trials = WidthTrials(self, macs: macs, meter)
    var best: WidthTrials.Result?
    let count = problem.solutions.count + WidthProblem.rounds
    for (place, solution) in problem.solutions.enumerated() {
      progress(WorkProgress("comparing", done: place, of: count))
      let found = try trials.result(solution)
      if best.map({ found.loss < $0.loss }) ?? true { best = found }
    }
    for round in 0..<WidthProblem.rounds {
      progress(WorkProgress("comparing", done: problem.solutions.count + round, of: count))
      guard let known = best, let refine = problem.refine,
        let solution = try refine(try trials.margins(known)),
        solution.ratios != known.solution.ratios
      else { break }
      let found = try trials.result(solution)
      guard found.loss < known.loss else { break }
      best = found
    }
    return best?.solution
  }

  // MARK: Costs

  /// What a model costs that is cut, and quantized with a few samples, and fitted to nothing: costs do
  /// not depend on what weights are.
  func outline(
    _ place: Candidate.Place, _ solution: WidthSearch.Solution?
  ) throws(ModelError) -> ModelCosts {
    var recipe = recipe(
      (solution?.ratios ?? [:]).filter { $0.value > 0 }, isQuantized: place.isQuantized)
    (recipe.fuses, recipe.recovers, recipe.tuning) = (false, false, nil)
    recipe.pruning?.importance = .l2
    var setting = setting
    setting.verification = nil
    setting.fit = calibration.first(Self.outlineSamples)
    var state = fused
    try run(recipe.stages(hasCalibration: true), &state, setting)
    return try costs(of: state)
  }

  /// What the original costs.
  func originalCosts() throws(ModelError) -> ModelCosts { try costs(of: ModelState(original)) }

  private func costs(of state: ModelState) throws(ModelError) -> ModelCosts {
    let cost = try trial.cost(of: state.model).0
    let bytes = ONNXFile.byteCount(of: state.model)
    let integer = Set(state.entries.filter { $0.reason == nil }.map(\.node))
    let integerMacs = cost.nodes.reduce(0) {
      $0 + (integer.contains($1.label) ? $1.macs ?? 0 : 0)
    }
    return ModelCosts(
      bytes: bytes, macs: cost.macs, parameters: cost.parameters,
      energy: EnergyModel.joules(
        floatMacs: cost.macs - integerMacs, integerMacs: integerMacs, bytes: bytes),
      time: isTimed ? try time(of: state.model) : nil)
  }

  /// How long a run takes, measured anew.
  func time(of model: Model) throws(ModelError) -> RunTime {
    try RunTime.measure(model, against: original, on: choosing, setting.options)
  }
}
