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
    /// Noise over signal of the outputs, the worst of them.
    public let noise: Double
    /// The fraction of samples whose highest score is the label's; nil without labels.
    public let top1: Double?
  }

  /// One group.
  public struct Group: Sendable {
    /// The group's number.
    public let index: Int
    /// Which group it is, for `PruningOptions.widths`.
    public let key: String
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
  ///   - progress: called after every cut.
  public init(
    _ probes: SensitivityProbes, of model: Model, on data: Dataset, limit: Int = .max,
    batch: Int = SampleRun.usualBatch, progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) {
    let names = model.graph.outputs.map { model.graph[$0.value].name }
    let run = SampleRun(data, for: model, batch: batch, limit: limit)
    var batches: [[String: Tensor]] = []
    var reference: [[String: Tensor]] = []
    var labels: [[Int]]? = data.labels == nil ? nil : []
    samples = try run.forEach { inputs, range throws(ModelError) in
      batches.append(inputs)
      reference.append(try probes.reference(inputs))
      if let all = data.labels { labels?.append(Array(all[range])) }
    }
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
        var sums = names.map { _ in ComparisonSums() }
        var accuracy = Accuracy()
        try probes.outputs(probe, batches: batches) { batch, outputs throws(ModelError) in
          for (index, name) in names.enumerated() {
            guard let x = reference[batch][name], let y = outputs[name],
              x.elementType.isFloatingPoint
            else { continue }
            try sums[index].add(reference: x, candidate: y)
          }
          guard let labels else { return }
          try accuracy.add(outputs[names.first ?? ""], named: names.first ?? "", labels[batch])
        }
        var worst = Double.infinity, most = 0.0
        for comparison in sums.map(\.comparison) where comparison.count > 0 {
          worst = min(worst, comparison.sqnr)
          most = max(most, comparison.noise)
        }
        let right = labels == nil ? nil : accuracy.top1Fraction
        points.append(
          Point(ratio: probe.ratio, kept: probe.kept, sqnr: worst, noise: most, top1: right))
        noise[group.index, default: []].append(most)
        done += 1
        progress(WorkProgress(done: done, of: count))
      }
      groups.append(
        Group(
          index: group.index, key: group.key, weights: group.weights, channels: group.channels,
          points: points))
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
