public import Execution
public import IR
internal import Kernels
internal import Operators
public import Samples

/// What the layers that read a group's channels lose when channels go and their weights are solved for
/// anew: from one run of the model, for every number of channels at once (`RemovalErrors`).
///
/// A loss is a layer's: the part of its results' variance. How much of it reaches the model's outputs is
/// not known here.
public struct RefitErrors: Sendable {
  /// What the readers of a group lose together, by the number of channels that go, from 0 on.
  public struct Curve: Sendable {
    /// With weights that make up for it.
    public let refitted: [Double]
    /// With weights as they are.
    public let masked: [Double]
    /// The labels of the readers.
    public let readers: [String]
  }

  /// By the keys of groups. A group that something reads that is no plain linear layer has none.
  public let curves: [String: Curve]

  init(
    _ analysis: PruningAnalysis, _ model: Model, on samples: SampleRun, _ options: SessionOptions
  ) throws(ModelError) {
    let readers = Reader.all(analysis)
    let seen = try ReaderViews(readers.flatMap(\.readings), in: model, on: samples, options)
    var curves: [String: Curve] = [:]
    for reader in readers {
      var whole: Curve?
      for reading in reader.readings {
        guard let own = seen[reading].flatMap({ Curve(reading, $0, reader.ranks) })
        else {
          whole = nil
          break
        }
        whole = whole.map { $0 + own } ?? own
      }
      if let whole { curves[reader.key] = whole }
    }
    self.curves = curves
  }

  /// A group and what reads its channels.
  private struct Reader {
    let key: String
    /// For each channel how many go before it does, by atom.
    let ranks: [Int: Int]
    let readings: [LayerReading]

    static func all(_ analysis: PruningAnalysis) -> [Reader] {
      let coupling = analysis.coupling
      let readings = coupling.activationReadings().compactMap { LayerReading($0, coupling) }
      // What reads channels without a weight for each pair, or takes their statistics, is not known.
      let known = Set(readings.map(\.node))
      let others = coupling.consumers.filter { !known.contains($0.node) } + coupling.statistics
      let opaque = Set(others.flatMap(\.slots).map { coupling.atom($0) })
      var found: [Reader] = []
      for (group, key) in zip(analysis.groups.groups, analysis.keys)
      where group.frozen.contains(nil) && group.runs.count == 1 {
        let ranks = analysis.ranks(of: group)
        guard !ranks.keys.contains(where: opaque.contains) else { continue }
        let own = readings.filter { reading in
          reading.atoms.contains { ranks[$0] != nil }
        }
        guard !own.isEmpty, own.allSatisfy({ $0.atoms.count <= LayerReading.most }) else {
          continue
        }
        found.append(Reader(key: key, ranks: ranks, readings: own))
      }
      return found
    }
  }
}

extension RefitErrors.Curve {
  /// The loss of a layer by channels that go.
  fileprivate init?(_ reading: LayerReading, _ seen: SeenChannels, _ ranks: [Int: Int]) {
    let count = seen.count
    let own = (0..<count).filter { ranks[reading.atoms[$0]] != nil }
    let n = own.count
    let weights = reading.squares
    let signal = zip(weights, seen.covariance).reduce(0) { $0 + $1.0 * $1.1 }
    guard signal > 0, signal.isFinite, let given = seen.conditional(own) else { return nil }
    func part(_ matrix: [Double]) -> [Double] {
      own.flatMap { i in own.map { j in matrix[i * count + j] } }
    }
    let rank = own.map { ranks[reading.atoms[$0]] ?? 0 }
    let order = (0..<n).sorted { (-rank[$0], $0) < (-rank[$1], $1) }
    guard
      let errors = RemovalErrors(
        covariance: given, moments: part(seen.moments), weights: part(weights), order: order)
    else { return nil }
    // A channel may be several positions, which go together.
    var refitted = [0.0], masked = [0.0]
    for gone in 1..<(ranks.count + 1) {
      let kept = n - rank.count { $0 < gone }
      refitted.append(errors.refitted[kept] / signal)
      masked.append(errors.masked[kept] / signal)
    }
    self.init(refitted: refitted, masked: masked, readers: [reading.label])
  }

  /// What two layers lose together.
  fileprivate static func + (a: Self, b: Self) -> Self {
    Self(
      refitted: zip(a.refitted, b.refitted).map { $0 + $1 },
      masked: zip(a.masked, b.masked).map { $0 + $1 }, readers: a.readers + b.readers)
  }
}

extension Pruner {
  /// What readers of each group lose when channels go and their weights are solved for anew.
  ///
  /// - Throws: `ModelError` with code `unsupported` for a model that Lapidary cannot run.
  public func refitErrors(
    on samples: SampleRun, options: SessionOptions
  ) throws(ModelError) -> RefitErrors {
    try RefitErrors(try analysis(), model, on: samples, options)
  }
}
