internal import Execution
internal import Gradients
public import IR
internal import ONNXFile
public import Passes
public import Samples

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Finds the widths at which a model meets its goals.
///
/// What each group's cuts cost the outputs is measured once, one group at a time. A *level* says how
/// much of the cost stays; for each level that is tried a knapsack chooses the widths, the model is
/// cut, recovered, tuned and quantized, and measured as it is: bytes, operations, time, and the loss on
/// samples that nothing was fitted to. Bisection over the levels finds the one that meets the goals.
public struct TargetSearch {
  /// How many levels there are beside 0, which prunes nothing. The last cuts all that can go.
  public static let levels = 640
  /// Levels at which the cost halves.
  static let perHalving = 128.0

  /// What was decided so far.
  public internal(set) var plan: CompressionPlan
  /// How models are measured.
  var maker: CandidateMaker
  let jobs: JobFolder?
  var progress: SearchProgress
  let widthCosts: WidthCosts
  /// How the models made last were made.
  private var made: [(place: Candidate.Place, stages: [MadeStage])] = []
  let keep: (CompressionPlan) throws(ModelError) -> Void

  /// What is asked for.
  public var goals: CompressionGoals { plan.goals }
  /// Whether there is anything to cut.
  var canCut: Bool { !widthCosts.keys.isEmpty }

  /// What a search works with.
  public struct Setting {
    /// Samples to measure groups on, to recover, to tune and to quantize with.
    public var calibration: Dataset
    /// Samples to measure the loss of candidates on, which must not be those that the result is
    /// reported on.
    public var choosing: Dataset
    /// Lengths for open dimensions.
    public var dimensions: [String] = []
    /// How models are run.
    public var options: SessionOptions
    /// How stages are proved; nil for not at all.
    public var verification: Verification?
    /// A folder that several processes share; nil for none.
    public var jobs: JobFolder?
    /// How long the model runs at several widths, measured before; nil to measure it.
    public var latencies: LatencyTable?
    /// A plan to go on from; nil to begin.
    public var plan: CompressionPlan?
    /// Called with the plan whenever something was decided.
    public var keep: (CompressionPlan) throws(ModelError) -> Void = { _ throws(ModelError) in }
    /// Called as the work goes on.
    public var progress: @Sendable (WorkProgress) -> Void = { _ in }

    /// A setting without a folder or an earlier plan.
    public init(
      calibration: Dataset, choosing: Dataset, options: SessionOptions,
      verification: Verification?
    ) {
      self.calibration = calibration
      self.choosing = choosing
      self.options = options
      self.verification = verification
    }
  }

  /// Prepares a search: fuses the model, and measures the original.
  ///
  /// - Parameters:
  ///   - recipe: how to fuse, cut, recover, tune and quantize; how much to cut is found.
  ///   - goals: what to reach.
  /// - Throws: `ModelError` where the earlier plan or the folder belongs to another search, and from
  ///   any stage.
  public init(
    _ model: Model, _ recipe: Recipe, goals: CompressionGoals, _ setting: Setting
  ) throws(ModelError) {
    var stages = StageSetting(
      options: setting.options, verification: setting.verification,
      calibration: setting.calibration)
    stages.progress = setting.progress
    maker = try CandidateMaker(
      model, recipe, calibration: setting.calibration, choosing: setting.choosing,
      isTimed: goals.latency != nil, dimensions: setting.dimensions, stages)
    jobs = setting.jobs
    keep = setting.keep
    progress = SearchProgress(expected: goals.boundsCost ? 3 : 9, setting.progress)
    widthCosts = try Pruner(
      maker.fused.model, Self.counted(CandidateMaker.pruning(recipe, [:]))
    ).widthCosts()
    let empty = CompressionPlan(
      model: model.contentHash(), request: try Self.request(recipe, goals, setting))
    try setting.plan?.check(against: empty, at: "plan")
    plan = setting.plan ?? empty
    // How many layers keep 8 bits depends on the size that is asked for.
    if plan.goals.bytes != goals.bytes { plan.fullWeights = nil }
    plan.goals = goals
    (plan.chosen, plan.missed, plan.output) = (nil, [], nil)
    maker.fullWeights = plan.fullWeights ?? []
    try jobs?.open(empty)
    if plan.original == nil { plan.original = try maker.originalCosts() }
    maker.onnxruntimeOriginal = plan.original?.time?.onnxruntime?.original
    if goals.latency != nil, plan.latencies == nil {
      plan.latencies = try maker.latencies(known: setting.latencies, setting.progress)
    }
    try keep(plan)
  }

  /// Options whose scores need no data: costs depend on how many channels go, and not on which.
  private static func counted(_ options: PruningOptions) -> PruningOptions {
    var options = options
    if options.importance.needsCalibration { options.importance = .l2 }
    return options
  }

  /// What candidates depend on beside the model.
  private static func request(
    _ recipe: Recipe, _ goals: CompressionGoals, _ setting: Setting
  ) throws(ModelError) -> [String: String] {
    let pruning = recipe.pruning ?? PruningOptions(target: .ratio(0))
    func text(_ value: Any?) -> String { value.map { "\($0)" } ?? "no" }
    var request = [
      "fuse": recipe.fuses ? "\(recipe.fusion)" : "no",
      "importance": "\(pruning.importance), \(pruning.reduction), \(pruning.normalizer)",
      "widths":
        "round-to \(pruning.roundTo), at least \(pruning.minChannels), max-ratio \(pruning.maxRatio), \(pruning.choices)",
      "keep": "\(pruning.keep)",
      "recover": recipe.recovers ? "yes" : "no",
      "factor": recipe.factors ? "yes" : "no",
      "tune": text(recipe.tuning.map { $0.key + (recipe.tunesAlways ? " always" : "") }),
      "quantize": text(recipe.quantization),
      "bounds": (goals.bytes != nil ? "bytes " : "")
        + (goals.boundsOperations ? "operations " : "") + (goals.latency != nil ? "time" : ""),
      "calibration": try setting.calibration.contentHash(),
      "choosing": try setting.choosing.contentHash(),
    ]
    if let drop = recipe.drop { request["drop"] = "\(drop)" }
    return request
  }

  // MARK: Widths

  /// The cost of widths, as the goals see it: 1 for the whole model. Bytes of weights and
  /// multiply-accumulates are counted; times follow from the table.
  func cost(_ numbers: Numbers) -> ([String: Double]) -> Double {
    if let latencies = plan.latencies, goals.boundsTimeAlone,
      let whole = latencies.seconds(widthCosts.macs([:]), isQuantized: numbers.areIntegers),
      whole > 0
    {
      return { [widthCosts] widths in
        let time = latencies.seconds(
          widthCosts.macs(widths), isQuantized: numbers.areIntegers)
        return (time ?? whole) / whole
      }
    }
    let bytes = goals.bytes != nil || !goals.boundsCost
    let macs = goals.boundsOperations || !goals.boundsCost
    return { [widthCosts] widths in
      let whole = widthCosts.whole
      let cost = widthCosts.cost(widths)
      let parts =
        (bytes ? [Double(cost.bytes) / Double(max(whole.bytes, 1))] : [])
        + (macs ? [Double(cost.macs) / Double(max(whole.macs, 1))] : [])
      return parts.reduce(0, +) / Double(max(parts.count, 1))
    }
  }

  /// The widths at which costs of a level are counted; nil at level 0.
  private mutating func widths(
    _ place: Candidate.Place
  ) throws(ModelError) -> WidthSearch.Solution? {
    guard place.level > 0, canCut else { return nil }
    guard place.level < Self.levels else { return narrowest(place.numbers) }
    let search = try widthSearch(place.numbers)
    return search.solution(.full, budget: Self.kept(place.level)) ?? search.narrowest
  }

  /// All cut that can go. What is known of errors does not matter there.
  private func narrowest(_ numbers: Numbers) -> WidthSearch.Solution {
    let most = GroupErrors.ratios.last ?? 0
    let groups = widthCosts.keys.map {
      WidthSearch.Group(key: $0, ratios: [0, most], errors: [0, 1])
    }
    return WidthSearch(groups, cost: cost(numbers)).narrowest
  }

  /// Widths that come into question for a place, and how to make better ones of them.
  mutating func problem(_ place: Candidate.Place) throws(ModelError) -> WidthProblem {
    guard place.level > 0, canCut else { return WidthProblem([]) }
    guard place.level < Self.levels else { return WidthProblem([narrowest(place.numbers)]) }
    let search = try widthSearch(place.numbers), aim = try aim(place)
    var found: [WidthSearch.Solution] = []
    for trust in place.isDraft ? [.half] : WidthSearch.Trust.allCases {
      let widths = try fitted(place, aim) { search.solution(trust, budget: $0) }
      if let widths, !found.contains(widths) { found.append(widths) }
    }
    return WidthProblem(found.isEmpty ? [search.narrowest] : found) {
      [self] groups throws(ModelError) in
      let search = WidthSearch(groups, cost: cost(place.numbers))
      return try fitted(place, aim) { search.solve(budget: $0) }
    }
  }

  /// What part of the limits widths of a level are to take: all of it at the lowest level that is within them,
  /// elsewhere what the level's own widths do; nil where costs are not bounded by what can be counted.
  private mutating func aim(_ place: Candidate.Place) throws(ModelError) -> Double? {
    guard goals.boundsCost, !maker.isTimed else { return nil }
    let own = excess(try outline(.init(level: place.level, place.numbers)))
    guard own <= 1, place.level > 0 else { return own }
    return excess(try outline(.init(level: place.level - 1, place.numbers))) > 1 ? 1 : own
  }

  /// Widths for a budget that is moved until what they cost, as far as that can be counted, is no more than
  /// aimed at and not much less: as many bytes of weights do not make as many bytes of a file in every shape.
  private func fitted(
    _ place: Candidate.Place, _ aim: Double?, _ solve: (Double) -> WidthSearch.Solution?
  ) throws(ModelError) -> WidthSearch.Solution? {
    var budget = Self.kept(place.level)
    guard var found = solve(budget) else { return nil }
    guard let aim, aim > 0 else { return found }
    var fitting: WidthSearch.Solution?
    for _ in 0..<Self.adjustments {
      let costs = try maker.outline(place, found, stores: goals.boundsNumbers)
      let excess = excess(costs) / aim
      if excess <= 1 {
        if fitting.map({ found.error < $0.error }) ?? true { fitting = found }
        if excess >= Self.full { break }
      }
      budget *= Self.margin / max(excess, .leastNormalMagnitude)
      guard let next = solve(min(budget, 1)), next != found else { break }
      found = next
    }
    return fitting ?? found
  }

  /// How often a budget is moved, how far below the limit it aims, and what of the limit is used well.
  private static let adjustments = 4, margin = 0.995, full = 0.98

  /// What of the cost stays at a level.
  static func kept(_ level: Int) -> Double { pow(0.5, Double(level) / perHalving) }

  /// The table, measured when it is first asked for.
  mutating func groups() throws(ModelError) -> [WidthSearch.Group] {
    if let known = plan.groups { return known }
    if let known = try jobs?.groups() {
      plan.groups = known
      return known
    }
    let progress = progress
    let found = try GroupErrors.measure(maker) { progress.show("measuring groups", $0) }
    plan.groups = found
    self.progress.finish()
    try jobs?.keep(found)
    try keep(plan)
    return found
  }

  // MARK: Candidates

  /// What a model at a place costs, as far as can be said without fitting it to anything.
  mutating func outline(_ place: Candidate.Place) throws(ModelError) -> ModelCosts {
    let place = settled(place)
    if let known = plan.outlines.first(where: { $0.place == place }) { return known.costs }
    progress.show("counting")
    let costs = try maker.outline(place, try widths(place), stores: goals.boundsNumbers)
    plan.outlines.append(.init(place: place, costs: costs))
    plan.outlines.sort { $0.place < $1.place }
    try keep(plan)
    return costs
  }

  /// The candidate of a place, measured now or known.
  mutating func candidate(_ place: Candidate.Place) throws(ModelError) -> Candidate {
    let place = settled(place)
    if let done = plan.tried.first(where: { $0.place == place }) { return done }
    var found: Candidate
    if let kept = try jobs?.candidate(place) {
      found = kept
    } else {
      let progress = progress
      let title = "model \(plan.tried.count + 1)"
      progress.show(title)
      var widths: WidthProblem
      if let known = rehearsal(place) {
        widths = WidthProblem([known.widths].compactMap { $0 })
      } else {
        widths = try problem(place)
      }
      let made = try maker.make(place, widths) { progress.show(title, $0) }
      found = made.candidate
      // One model has one time, however often it is measured.
      let twin = plan.tried.first { $0.model == found.model }
      if let twin { found.costs = twin.costs }
      remember(place, made.stages)
      try jobs?.keep(found, made.model)
    }
    plan.tried.append(found)
    plan.tried.sort { $0.place < $1.place }
    progress.finish()
    try keep(plan)
    return found
  }

  /// Takes a candidate.
  mutating func choose(_ candidate: Candidate, missed: [String]) throws(ModelError) {
    plan.chosen = candidate.place
    plan.missed = missed
    plan.widths = widthCosts.widths(candidate.widths).mapValues {
      .init(channels: $0.channels, kept: $0.kept)
    }
    try keep(plan)
  }

  /// Says which model was written.
  public mutating func finish(_ model: Model) throws(ModelError) {
    plan.output = model.contentHash()
    try keep(plan)
  }

  /// The stages that make a candidate's model from the original. Those that were run in this process
  /// are not run again.
  public func stages(for candidate: Candidate) -> [any Stage] {
    let known = made.first { $0.place == candidate.place }?.stages
    return maker.preparing
      + (known ?? maker.stages(candidate.widths, candidate.place.numbers))
  }

  /// Keeps how a model was made; of those before it, as many as are small enough.
  private mutating func remember(_ place: Candidate.Place, _ stages: [MadeStage]) {
    guard !place.isDraft else { return }
    made.append((place, stages))
    func bytes() -> Int {
      made.reduce(0) { $0 + $1.stages.reduce(0) { $0 + $1.byteCount } }
    }
    while made.count > 1, bytes() > Self.remembered { made.removeFirst() }
  }

  /// Bytes of weights that are kept of models that were made.
  private static let remembered = 256 << 20
}

extension CompressionGoals {
  /// Whether no cost but time is bounded.
  fileprivate var boundsTimeAlone: Bool {
    latency != nil && macs == nil && bytes == nil && energy == nil
  }

  /// Whether a cost is bounded that goes with multiply-accumulates.
  fileprivate var boundsOperations: Bool { macs != nil || latency != nil || energy != nil }
}
