public import IR
internal import Samples

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Removes channels, adapts what is left, and divides layers into two, where that pays after whole blocks
/// were dropped: to a number of multiply-accumulates, of which each takes that part with which least is
/// lost.
///
/// Which part that is differs from network to network: a few are tried, each on a copy, and what the
/// samples that nothing was fitted to say decides.
public struct ShrinkStage: Stage {
  /// What recipes call it.
  public let name = "shrink"
  /// What reports call the model after it.
  public let result = "shrunk"
  /// What holds afterwards.
  public let ensures: Set<ModelProperty> = [.cut]
  private let options: PruningOptions
  private let fraction: Double
  private let choosesImportance: Bool
  private let dropsBlocks: Bool

  /// A stage with options.
  ///
  /// - Parameters:
  ///   - fraction: of the multiply-accumulates, what stays.
  ///   - choosesImportance: whether that importance is taken with which least is lost.
  ///   - dropsBlocks: whether whole blocks may go first.
  public init(
    _ options: PruningOptions, macs fraction: Double, choosesImportance: Bool = false,
    dropsBlocks: Bool = false
  ) {
    self.options = options
    self.fraction = fraction
    self.choosesImportance = choosesImportance
    self.dropsBlocks = dropsBlocks
  }

  /// Why it needs calibration data.
  public var needsCalibration: String? { "low-rank factorisation" }

  /// Fewer samples than this say too little of how results vary.
  public static let fewest = 64
  /// Eigenvectors that take more steps than this take minutes.
  static let mostWork = 2e10
  /// Multiply-accumulates times samples beyond which no blocks are tried: that takes minutes.
  private static let mostDropping = 2e10
  /// What dropping a block has to gain, in dB: less is within what samples say by chance.
  private static let leastGain = 0.5
  /// Which powers of the fraction channels are removed to: all of it, two thirds, half, a quarter.
  static let exponents = [1.0, 2.0 / 3, 0.5, 0.25]

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    guard let fit = setting.fit, let proof = setting.proof else { return nil }
    let whole = try Factorizer(state.model, FactorOptions(target: .ratio(0)))
    let count = fit.count + (proof.part == .heldOut ? proof.count : 0)
    let isKnown = count >= Self.fewest && fit.part != .random
    let divides = isKnown && whole.work <= Self.mostWork
    if !divides {
      let reason =
        isKnown
        ? "eigenvectors of its widest layers would take minutes; factor does it"
        : "that takes \(Self.fewest) real samples"
      state.notes.append("shrink: channels were removed and no layer divided: \(reason)")
    }
    var options = options
    options.target = .macs(fraction)
    if choosesImportance, let best = try ImportanceChoice.best(for: state, options, setting) {
      options.importance = best.importance
      state.note(best)
    }
    var best: Attempt?
    let exponents = divides ? Self.exponents : [1]
    for (place, exponent) in exponents.enumerated() {
      setting.progress(WorkProgress("shrinking", done: place, of: exponents.count))
      guard let found = try attempt(state, options, exponent, whole.macs, setting) else { continue }
      // Asked for or not, this decides.
      guard found.signal != nil else {
        state = found.state
        return found.proof
      }
      if found.isBetter(than: best) { best = found }
    }
    if divides, let found = best {
      best = try shortened(found, from: state, options, whole.macs, setting)
    }
    guard let best else { return nil }
    state = best.state
    return try setting.signal(of: state.model, against: state.original)
  }

  /// The best attempt with blocks dropped first, as many as make it better.
  private func shortened(
    _ first: Attempt, from state: ModelState, _ options: PruningOptions, _ whole: Int,
    _ setting: StageSetting
  ) throws(ModelError) -> Attempt {
    guard dropsBlocks, Double(whole) * Double(setting.fit?.count ?? 0) <= Self.mostDropping else {
      return first
    }
    var best = first, count = 1
    while let start = try dropping(count, from: state, options, setting),
      // What channels and ranks lose comes on top of that.
      try signal(of: start, setting) ?? 0 > (best.signal ?? .infinity) + Self.leastGain
    {
      setting.progress(WorkProgress("shrinking without \(count) blocks", done: 0, of: 0))
      guard let found = try attempt(start, options, first.exponent, whole, setting),
        found.isBetter(than: best, by: Self.leastGain)
      else { break }
      best = found
      count += 1
    }
    return best
  }

  /// A state with some blocks dropped, and recovered; nil where there are not so many, or too much goes with them.
  private func dropping(
    _ count: Int, from state: ModelState, _ options: PruningOptions, _ setting: StageSetting
  ) throws(ModelError) -> ModelState? {
    var own = state
    var drops = DropOptions(target: .blocks(count))
    drops.keep = options.keep
    do throws(ModelError) {
      _ = try DropStage(drops).run(&own, setting)
      _ = try RecoverStage().run(&own, setting)
    } catch {
      guard error.code == .request else { throw error }
      return nil
    }
    own.unmatchedPatterns = state.unmatchedPatterns
    guard let plan = own.drops, plan.missed == nil, let cut = own.cut,
      Double(cut.macs) > fraction * Double(plan.macs)
    else { return nil }
    return own
  }

  /// One way to the number, and how it ended.
  private struct Attempt {
    let state: ModelState
    let exponent: Double
    /// Signal over noise of the outputs in dB; nil where nobody can tell.
    let signal: Double?
    let proof: StageProof

    /// What is within the number comes before what is not, however little that loses.
    func isBetter(than other: Attempt?, by gain: Double = 0) -> Bool {
      guard let other, let signal, let best = other.signal else { return true }
      let misses = state.budget?.isExceeded ?? false
      return misses == other.state.budget?.isExceeded ?? false ? signal > best + gain : !misses
    }
  }

  private func attempt(
    _ start: ModelState, _ options: PruningOptions, _ exponent: Double, _ whole: Int,
    _ setting: StageSetting
  ) throws(ModelError) -> Attempt? {
    var own = start
    guard let found = try cut(&own, options, exponent, whole, setting) else { return nil }
    let signal = try signal(of: own, setting)
    return Attempt(state: own, exponent: exponent, signal: signal, proof: found)
  }

  /// Signal over noise of a state's outputs; nil for models that cannot be run.
  private func signal(
    of state: ModelState, _ setting: StageSetting
  ) throws(ModelError) -> Double? {
    guard let proof = setting.proof else { return nil }
    return try ModelComparison.ifRunnable(
      state.original, state.model, on: proof, options: setting.options, limit: 64)?.sqnr
  }

  /// One part by removing channels, the rest by ranks; nil where that cannot be reached.
  private func cut(
    _ state: inout ModelState, _ options: PruningOptions, _ exponent: Double, _ whole: Int,
    _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    var options = options
    let limit = Int(Double(whole) * fraction), start = try Pruner.macs(of: state.model)
    // What blocks took along is not to go again.
    let share = Double(start) / Double(max(whole, 1))
    let kept = pow(min(1, fraction / share), exponent)
    options.target = .macs(kept)
    let pruned = try PruneStage(options).run(&state, setting)
    if let budget = state.budget {
      state.budget = PruningBudget(wanted: fraction, reached: budget.reached * share)
    }
    guard let recovered = try RecoverStage().run(&state, setting) else { return pruned }
    guard exponent < 1 else { return recovered }
    let factorizer = try Factorizer(state.model, FactorOptions(target: .total(limit)))
    guard let fit = setting.fit, factorizer.macs > limit else { return nil }
    let result: Factorizer.Result
    do {
      result = try factorizer.factor(
        on: SampleRun(fit, for: factorizer.model), options: setting.options,
        progress: { setting.progress($0.within("measuring layers")) })
    } catch {
      guard error.code == .request else { throw error }
      return nil
    }
    state.replace(with: result.model)
    let divided = result.report.layers.filter { $0.rank != nil }
    let after = result.report.layers.reduce(0) { $0 + $1.macs - $1.macsBefore } + factorizer.macs
    if let budget = state.budget, budget.reached > 0 {
      // What removing channels left of the budget is what ranks start from.
      let reached = budget.reached * Double(after) / Double(max(factorizer.macs, 1))
      state.budget = PruningBudget(wanted: fraction, reached: reached)
    }
    state.notes.append(
      "shrink: channels were removed down to \(Int((100 * kept * share).rounded())) % of the multiply-accumulates, and \(divided.count) layers divided into two for the rest: of the ways tried the one with which least is lost"
    )
    return recovered
  }
}
