internal import Execution
internal import IR
internal import Passes
internal import Samples

/// Widths that come into question for a model, and how to make better ones.
struct WidthProblem {
  /// How often widths are made better.
  static let rounds = 2

  let solutions: [WidthSearch.Solution]
  /// Widths for other errors of the groups, within the same budget.
  let refine: (([WidthSearch.Group]) throws(ModelError) -> WidthSearch.Solution?)?

  init(
    _ solutions: [WidthSearch.Solution],
    refine: (([WidthSearch.Group]) throws(ModelError) -> WidthSearch.Solution?)? = nil
  ) {
    self.solutions = solutions
    self.refine = refine
  }
}

/// Cuts and recovers models at different widths, to compare what they lose.
///
/// Errors of single cuts say little of a model in which much is cut everywhere, so the table is corrected
/// where it is used: at the best widths known, in the recovered model, each group loses a little more,
/// and the error of that says how much the group is worth there.
struct WidthTrials {
  /// One model.
  struct Result {
    let solution: WidthSearch.Solution
    /// Noise over signal of the outputs: it tells smaller differences apart than what is lost does.
    let noise: Double
    /// The recovery; nil where there was none.
    let recovered: MadeStage?
    fileprivate let state: ModelState
  }

  private let maker: CandidateMaker
  /// Samples that are enough to compare.
  let setting: StageSetting
  /// Whether these are all.
  let isWhole: Bool
  private let meter: LossMeter
  private let macs: Double

  /// Multiply-accumulates that one recovery may take, and one measurement of the margins.
  private static let recovery = 6e11, margins = 1e12
  /// The fraction of its channels that a group loses to say what it is worth.
  private static let step = 0.125

  /// - Parameter macs: what a run of one sample takes.
  init(_ maker: CandidateMaker, macs: Double, _ meter: LossMeter) {
    self.maker = maker
    self.meter = meter
    self.macs = macs
    let limit = Self.recovery / (2 * macs)
    let count = Int(max(32, min(limit, Double(maker.calibration.count))))
    let parts = maker.calibration.first(count).parts
    isWhole = count >= maker.calibration.count
    var setting = maker.setting
    setting.verification = nil
    setting.progress = { _ in }
    (setting.fit, setting.proof) = (parts.fit, parts.proof)
    self.setting = setting
  }

  /// Cuts and recovers.
  func result(_ solution: WidthSearch.Solution) throws(ModelError) -> Result {
    var state = maker.fused
    let stages = maker.stages(solution.ratios.filter { $0.value > 0 }, .float)
    var made: [MadeStage] = []
    for stage in stages where stage.name != TuneStage().name {
      made.append(try MadeStage(stage, &state, setting))
    }
    return Result(
      solution: solution, noise: try meter.loss(of: state.model).noise,
      recovered: made.first { $0.name == RecoverStage().name }, state: state)
  }

  /// Errors of the groups around a model. A group that keeps the part k of its channels is taken to err
  /// by a(1/k - 1), with a from what a small further cut does.
  func margins(_ known: Result) throws(ModelError) -> [WidthSearch.Group] {
    guard let fit = setting.fit else { return [] }
    var options = CandidateMaker.pruning(maker.recipe, [:])
    if options.importance.needsCalibration { options.importance = .l2 }
    let pruner = try Pruner(known.state.model, options)
    let probes = try pruner.sensitivity(ratios: [Self.step], options: setting.options)
    let limit = Int(min(Self.margins / macs / Double(max(1, probes.groups.count)), 64))
    let found = try Sensitivity(probes, of: pruner.model, on: fit, limit: max(8, limit))
    var groups = found.groups.map { group in
      let ratios = known.solution.ratios
      let key = GroupKey.whole(of: group.key, among: ratios.keys) ?? group.key
      let ratio = ratios[key] ?? 0
      guard let point = group.points.first, point.kept < group.channels, point.noise.isFinite
      else { return WidthSearch.Group(key: key, ratios: [ratio], errors: [0]) }
      let gone = 1 - Double(point.kept) / Double(group.channels)
      let factor = point.noise * (1 - ratio) / gone
      let steps = stride(from: 0, to: 1, by: 1.0 / 16).map { $0 }
      return WidthSearch.Group(
        key: key, ratios: steps, errors: steps.map { factor * (1 / (1 - $0) - 1) })
    }
    // What cannot lose more stays as it is.
    let seen = Set(groups.map(\.key))
    for (key, ratio) in known.solution.ratios.sorted(by: { $0.key < $1.key })
    where !seen.contains(key) {
      groups.append(WidthSearch.Group(key: key, ratios: [ratio], errors: [0]))
    }
    return groups
  }
}
