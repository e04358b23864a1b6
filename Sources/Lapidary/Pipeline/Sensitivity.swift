import Execution
public import IR
public import Passes
public import Samples

/// How much a model's outputs suffer when channels of one group at a time go.
public struct Sensitivity: Sendable {
  /// What one cut does.
  public struct Point: Sendable {
    /// The fraction of the group's channels that was asked for.
    public let ratio: Double
    /// The channels that stay.
    public let kept: Int
    /// Signal over error of the outputs in dB, the worst of them.
    public let sqnr: Double
    /// The fraction of samples whose highest score is the label's; nil without labels.
    public let top1: Double?
  }

  /// One group.
  public struct Group: Sendable {
    /// The group's number.
    public let index: Int
    /// The weights that make the channels.
    public let weights: [String]
    /// The number of channels.
    public let channels: Int
    /// What its cuts do, by ascending ratio.
    public let points: [Point]
  }

  /// The groups of which channels can go, in the order of the graph.
  public let groups: [Group]
  /// The number of samples.
  public let samples: Int
  /// The accuracy of the model as it is; nil without labels.
  public let top1: Double?
  /// Scores for pruning: the error at which each channel goes.
  public let scores: ChannelScores

  /// Runs all cuts.
  ///
  /// - Parameters:
  ///   - data: the samples, and labels where accuracy is to be measured.
  ///   - limit: no more samples than this, or a few more where they come in groups.
  ///   - progress: called with the number of cuts done and of all.
  public init(
    _ probes: SensitivityProbes, of model: Model, on data: Dataset, limit: Int = .max,
    batch: Int = 16, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(ModelError) {
    var ranges: [Range<Int>] = []
    for range in data.batches(of: batch) where (ranges.last?.upperBound ?? 0) < limit {
      ranges.append(data.batch == nil ? range.clamped(to: 0..<limit) : range)
    }
    var batches: [[String: Tensor]] = []
    for range in ranges { batches.append(try data.inputs(range)) }
    var reference: [[String: Tensor]] = []
    for inputs in batches { reference.append(try probes.reference(inputs)) }
    let names = model.graph.outputs.map { model.graph[$0.value].name }
    let labels = data.labels.map { labels in ranges.map { Array(labels[$0]) } }
    samples = ranges.last?.upperBound ?? 0
    top1 = try labels.map { labels throws(ModelError) in
      try Self.accuracy(reference, names.first ?? "", labels)
    }
    let count = probes.groups.reduce(0) { $0 + $1.probes.count }
    var done = 0
    var noise: [Int: [Double]] = [:]
    var groups: [Group] = []
    for group in probes.groups {
      var points: [Point] = []
      for probe in group.probes {
        var results: [[String: Tensor]] = []
        try probes.outputs(probe, batches: batches) { _, outputs in results.append(outputs) }
        var worst = Double.infinity, most = 0.0
        for name in names {
          guard let x = Tensor(concatenating: reference.compactMap { $0[name] }),
            let y = Tensor(concatenating: results.compactMap { $0[name] }),
            x.elementType.isFloatingPoint
          else { continue }
          let comparison = try Comparison(reference: x, candidate: y)
          worst = min(worst, comparison.sqnr)
          most = max(most, comparison.noise)
        }
        let right = try labels.map { labels throws(ModelError) in
          try Self.accuracy(results, names.first ?? "", labels)
        }
        points.append(Point(ratio: probe.ratio, kept: probe.kept, sqnr: worst, top1: right))
        noise[group.index, default: []].append(most)
        done += 1
        progress(done, count)
      }
      groups.append(
        Group(
          index: group.index, weights: group.weights, channels: group.channels, points: points))
    }
    self.groups = groups
    scores = probes.scores(noise)
  }

  private static func accuracy(
    _ results: [[String: Tensor]], _ output: String, _ labels: [[Int]]
  ) throws(ModelError) -> Double {
    var accuracy = Accuracy()
    for (outputs, labels) in zip(results, labels) {
      try accuracy.add(outputs[output], named: output, labels)
    }
    return accuracy.top1Fraction
  }
}
