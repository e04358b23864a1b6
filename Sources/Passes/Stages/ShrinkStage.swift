public import IR
internal import Samples

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Removes channels, adapts what is left, and divides layers into two: to a number of
/// multiply-accumulates, of which removing channels takes that part with which least is lost.
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

  /// A stage with options.
  ///
  /// - Parameters:
  ///   - fraction: of the multiply-accumulates, what stays.
  ///   - choosesImportance: whether that importance is taken with which least is lost.
  public init(_ options: PruningOptions, macs fraction: Double, choosesImportance: Bool = false) {
    self.options = options
    self.fraction = fraction
    self.choosesImportance = choosesImportance
  }

  /// Why it needs calibration data.
  public var needsCalibration: String? { "low-rank factorisation" }

  /// Fewer samples than this say too little of how results vary.
  public static let fewest = 64
  /// Eigenvectors that take more steps than this take minutes.
  static let mostWork = 2e10
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
    let limit = Int(Double(whole.macs) * fraction)
    var options = options
    options.target = .macs(fraction)
    if choosesImportance, let best = try ImportanceChoice.best(for: state, options, setting) {
      options.importance = best.importance
      state.note(best)
    }
    var best: (state: ModelState, signal: Double, misses: Bool)?
    let exponents = divides ? Self.exponents : [1]
    for (place, exponent) in exponents.enumerated() {
      var own = state
      setting.progress(WorkProgress("shrinking", done: place, of: exponents.count))
      guard let found = try attempt(&own, options, exponent, limit, setting) else { continue }
      // Asked for or not, this decides.
      guard
        let signal = try ModelComparison.ifRunnable(
          state.original, own.model, on: proof, options: setting.options, limit: 64)?.sqnr
      else {
        state = own
        return found
      }
      let misses = own.budget?.isExceeded ?? false
      // What is within the number comes before what is not, however little that loses.
      let isBetter =
        best.map { misses == $0.misses ? signal > $0.signal : $0.misses } ?? true
      if isBetter { best = (own, signal, misses) }
    }
    guard let best else { return nil }
    state = best.state
    return try setting.signal(of: state.model, against: state.original)
  }

  /// One part by removing channels, the rest by ranks; nil where that cannot be reached.
  private func attempt(
    _ state: inout ModelState, _ options: PruningOptions, _ exponent: Double, _ limit: Int,
    _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    var options = options
    let kept = pow(fraction, exponent)
    options.target = .macs(kept)
    let pruned = try PruneStage(options).run(&state, setting)
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
      "shrink: channels were removed down to \(Int((100 * kept).rounded())) % of the multiply-accumulates, and \(divided.count) layers divided into two for the rest: of the ways tried the one with which least is lost"
    )
    return recovered
  }
}
