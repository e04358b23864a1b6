public import Execution
public import IR
internal import Operators

/// Cuts of one group at a time, to see how much the outputs suffer from each.
public struct SensitivityProbes {
  /// A cut of one group.
  public struct Probe: Sendable {
    /// The fraction that was asked for.
    public let ratio: Double
    /// The channels that stay.
    public let kept: Int
    fileprivate let steps: [ProofStep]
  }

  /// A group and its cuts.
  public struct Group: Sendable {
    /// The group's number.
    public let index: Int
    /// Which group it is, for `PruningOptions.widths`.
    public let key: String
    /// The weights that make the channels.
    public let weights: [String]
    /// The number of channels.
    public let channels: Int
    /// Cuts by ascending ratio.
    public let probes: [Probe]
    /// For each channel how many go before it does.
    fileprivate let ranks: [Int: Int]
  }

  /// The groups of which channels can go.
  public let groups: [Group]
  private let analysis: PruningAnalysis
  private let model: Model
  private let original: Session
  private let masked: MaskedSession
  private let options: SessionOptions

  init(
    _ model: Model, _ analysis: PruningAnalysis, ratios: (String) -> [Double],
    _ options: SessionOptions
  ) throws(ModelError) {
    var groups: [Group] = []
    let keys = analysis.keys
    for group in analysis.groups.groups where group.frozen.contains(nil) {
      var probes: [Probe] = []
      for ratio in ratios(keys[group.index]) {
        let removed = analysis.atoms(of: group.index, ratio: ratio)
        guard !removed.isEmpty else { continue }
        let gone = group.atoms.count { removed.contains($0) }
        probes.append(
          Probe(
            ratio: ratio, kept: group.count - gone,
            steps: Surgery(analysis.coupling, removing: removed).proofSteps))
      }
      groups.append(
        Group(
          index: group.index, key: keys[group.index], weights: analysis.weightNames(group),
          channels: group.count,
          probes: probes, ranks: analysis.ranks(of: group)))
    }
    self.groups = groups
    self.analysis = analysis
    self.model = model
    self.options = options
    original = try Session(model, options: options)
    let steps = groups.flatMap(\.probes).flatMap(\.steps)
    masked = try MaskedSession(model, analysis.coupling.facts, steps, options)
  }

  /// The outputs of the model as it is.
  public func reference(_ inputs: [String: Tensor]) throws(ModelError) -> [String: Tensor] {
    try original.run(inputs)
  }

  /// The outputs with a cut, for each of several batches.
  public func outputs(
    _ probe: Probe, batches: [[String: Tensor]],
    _ body: (_ batch: Int, _ outputs: [String: Tensor]) throws(ModelError) -> Void
  ) throws(ModelError) {
    if masked.covers(probe.steps) {
      for (place, inputs) in batches.enumerated() {
        try body(place, try masked.run(inputs, probe.steps))
      }
    } else {
      let cut = try Oracle(steps: probe.steps).maskedOriginal(model)
      let session = try Session(cut, options: options)
      for (place, inputs) in batches.enumerated() { try body(place, try session.run(inputs)) }
    }
  }

  /// Scores for `PruningOptions.scores`: for each channel the outputs' error, noise over signal, at
  /// which it goes, the least important channels of its group going first. Between the cuts that
  /// were measured the error is taken to grow evenly.
  ///
  /// - Parameter noise: for each group that was measured, by its number, the error at each of its
  ///   probes.
  public func scores(_ noise: [Int: [Double]]) -> ChannelScores {
    var scores: [Int: Double] = [:]
    for group in groups {
      guard let measured = noise[group.index], measured.count == group.probes.count else {
        continue
      }
      var points = [(removed: 0, noise: 0.0)]
      for (probe, value) in zip(group.probes, measured) {
        let finite = value.isFinite ? value : Double(Float.greatestFiniteMagnitude)
        points.append((group.channels - probe.kept, max(finite, points[points.count - 1].noise)))
      }
      for (atom, rank) in group.ranks { scores[atom] = Self.noise(at: rank + 1, points) }
    }
    return analysis.scoresByWeight(scores)
  }

  /// The error when `count` channels go, on the line between the neighbouring points or beyond the
  /// last. A tiny slope keeps the order where the error does not grow.
  private static func noise(at count: Int, _ points: [(removed: Int, noise: Double)]) -> Double {
    guard points.count > 1 else { return Double(count) }
    let next = points.dropFirst().firstIndex { $0.removed >= count } ?? points.count - 1
    let a = points[next - 1], b = points[next]
    let slope = (b.noise - a.noise) / Double(max(1, b.removed - a.removed))
    return a.noise + slope * Double(count - a.removed) + 1e-12 * Double(count)
  }
}

extension Pruner {
  /// Cuts of one group at a time.
  ///
  /// - Parameters:
  ///   - ratios: the fractions of each group's channels to remove, ascending.
  ///   - options: how the model is run.
  /// - Throws: `ModelError` with code `unsupported` for a model that Lapidary cannot run.
  public func sensitivity(
    ratios: [Double], options: SessionOptions
  ) throws(ModelError) -> SensitivityProbes {
    for ratio in ratios where !(0...1).contains(ratio) {
      throw ModelError(.request, "ratios: expected numbers from 0 to 1, found \(ratio)")
    }
    return try sensitivity(options: options) { _ in ratios }
  }

  /// Cuts of one group at a time, other fractions of each.
  ///
  /// - Parameter ratios: the fractions of a group, by its key; ascending, from 0 to 1.
  package func sensitivity(
    options: SessionOptions, ratios: (String) -> [Double]
  ) throws(ModelError) -> SensitivityProbes {
    try SensitivityProbes(model, try analysis(), ratios: ratios, options)
  }
}
