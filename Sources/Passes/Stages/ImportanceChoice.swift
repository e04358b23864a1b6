package import IR
internal import Samples

/// Which importance loses least on a network, where nobody asked for one.
///
/// Norms of weights, what channels carry, and what gradients say of them are each best on networks of
/// some kinds: channels are removed by each, the rest adapted, and the samples that nothing was fitted
/// to decide.
package struct ImportanceChoice {
  /// What is tried; the first where nothing can be told.
  static let candidates: [PruningOptions.Importance] = [
    .l2, .activation(.wanda), .gradient(.fisher), .obs,
  ]
  /// Fewer samples than this say too little.
  static let fewest = 64
  /// A network of more multiply-accumulates times samples is scored on fewer samples, and adapted to
  /// fewer still: which importance is best shows with little.
  private static let mostWork = 2e12, mostFitting = 2e11
  /// A network of more than this is not scored by gradients, nor by what its readers lose: either takes
  /// minutes there.
  private static let mostScoring = 5e10

  /// What was chosen, and of what.
  package struct Choice {
    package let importance: PruningOptions.Importance
    let tried: [PruningOptions.Importance]
  }

  /// The best importance of the candidates.
  ///
  /// - Parameters:
  ///   - state: the network before channels are removed; it stays as it is.
  ///   - options: which channels may go, and how many.
  /// - Returns: nil where samples are too few, or noise, or the network cannot be run.
  package static func best(
    for state: ModelState, _ options: PruningOptions, _ setting: StageSetting
  ) throws(ModelError) -> Choice? {
    guard let fit = setting.fit, let proof = setting.proof, proof.part == .heldOut,
      fit.part != .random, fit.count + proof.count >= fewest
    else { return nil }
    var quiet = setting
    quiet.verification = nil
    let macs = Double(max(1, try Pruner.macs(of: state.model)))
    quiet.fit = fit.first(max(32, Int(min(mostFitting / macs, Double(fit.count)))))
    let isLarge = macs * Double(quiet.fit?.count ?? 0) > mostScoring
    let candidates = isLarge ? candidates.filter(\.isSoonKnown) : candidates
    var tried: [PruningOptions.Importance] = []
    var best: (importance: PruningOptions.Importance, signal: Double)?
    for (place, importance) in candidates.enumerated() {
      setting.progress(WorkProgress("choosing an importance", done: place, of: candidates.count))
      var own = state, options = options
      options.importance = importance
      do throws(ModelError) {
        _ = try PruneStage(options).run(&own, quiet)
        _ = try RecoverStage().run(&own, quiet)
      } catch {
        // What has no gradients cannot be scored by them.
        guard importance.needsCalibration, error.code == .unsupported else { throw error }
        continue
      }
      guard
        let found = try ModelComparison.ifRunnable(
          state.original, own.model, on: proof, options: setting.options, limit: 64)
      else { return nil }
      tried.append(importance)
      if best.map({ found.sqnr > $0.signal }) ?? true { best = (importance, found.sqnr) }
    }
    return best.map { Choice(importance: $0.importance, tried: tried) }
  }

  /// How many samples a network is scored on.
  static func samples(for macs: Int) -> Int {
    max(32, Int(min(Double(Int32.max), mostWork / Double(max(macs, 1)))))
  }
}

extension PruningOptions.Importance {
  /// Whether it follows from weights, or from one run of the network.
  fileprivate var isSoonKnown: Bool {
    switch self {
    case .gradient, .obs: false
    default: true
    }
  }
}

extension ModelState {
  /// Notes which importance was chosen.
  mutating func note(_ choice: ImportanceChoice.Choice) {
    let names = choice.tried.map(\.name)
    guard names.count > 1 else { return }
    notes.append(
      "importance '\(choice.importance.name)': of \(names.dropLast().joined(separator: ", ")) and \(names.last ?? "") the one with which least is lost on held-out samples"
    )
  }
}

extension Pruner {
  /// The multiply-accumulates of a model for one sample.
  package static func macs(of model: Model) throws(ModelError) -> Int {
    try Pruner(model, PruningOptions(target: .ratio(0))).widthCosts().whole.macs
  }
}
