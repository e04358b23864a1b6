public import Execution
public import IR
internal import Passes
public import Reports
public import Samples

extension LatencyTable {
  /// Fractions of their channels that all groups keep.
  private static let kept = [1, 0.75, 0.5, 0.375, 0.25, 0.125]
  /// Numbers of channels that fill a vector of 256 bits.
  private static let vector = 8
  /// How long a model runs at least until its time is taken, and how often.
  private static let least = Duration.milliseconds(250), fewest = 5, most = 200

  /// Measures a model: fused, cut to several widths, with numbers of 32 bits and quantized. What it is cut
  /// to and quantized with says nothing of its time.
  ///
  /// - Parameters:
  ///   - recipe: how to fuse and to quantize; where it does not quantize, numbers of 32 bits are
  ///     measured alone.
  ///   - data: a sample, and a few to quantize with.
  public init(
    measuring model: Model, _ recipe: Recipe, on data: Dataset, dimensions: [String] = [],
    options: SessionOptions, progress: @escaping @Sendable (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) {
    let setting = StageSetting(
      options: options, verification: nil, calibration: data.first(min(2, data.count)))
    var fused = ModelState(model)
    if recipe.fuses { _ = try FuseStage(recipe.fusion).run(&fused, setting) }
    try self.init(
      fused, recipe, hash: model.contentHash(), on: data, dimensions: dimensions, setting,
      progress: progress)
  }

  /// Measures a model that is fused.
  init(
    _ fused: ModelState, _ recipe: Recipe, hash: String, on data: Dataset, dimensions: [String],
    _ setting: StageSetting, progress: @escaping @Sendable (WorkProgress) -> Void
  ) throws(ModelError) {
    self.init(model: hash, threads: setting.options.threads, multiple: Self.vector)
    var setting = setting
    setting.verification = nil
    setting.progress = { _ in }
    let trial = try Trial(
      fused.original, dimensions: dimensions, data: data, options: setting.options)
    let sample = try data.inputs(data.batches(of: 1)[0])
    let kinds = recipe.quantization == nil ? [false] : [true, false]
    let count = kinds.count * Self.kept.count
    for isQuantized in kinds {
      for kept in Self.kept {
        progress(WorkProgress("timing", done: rows.count, of: count))
        var state = fused
        if kept < 1 {
          var options = recipe.pruning ?? PruningOptions(target: .ratio(0))
          options.target = .ratio(1 - kept)
          options.competition = .local
          options.importance = .l2
          options.widths = [:]
          options.roundTo = max(options.roundTo, Self.vector)
          _ = try PruneStage(options).run(&state, setting)
        }
        if isQuantized, let quantization = recipe.quantization {
          _ = try QuantizeStage(quantization).run(&state, setting)
        }
        let cost = try trial.cost(of: state.model).0
        let row = try Self.row(
          state.model, sample, setting.options, isQuantized: isQuantized, kept: kept, cost)
        rows.append(row)
      }
    }
  }

  private static func row(
    _ model: Model, _ sample: [String: Tensor], _ options: SessionOptions, isQuantized: Bool,
    kept: Double, _ cost: CostReport
  ) throws(ModelError) -> Row {
    let session = try Session(model, options: options)
    let clock = ContinuousClock()
    var times: [Duration] = []
    var whole = Duration.zero
    _ = try session.run(sample)
    while times.count < fewest || whole < least && times.count < most {
      let start = clock.now
      _ = try session.run(sample)
      times.append(clock.now - start)
      whole += times[times.count - 1]
    }
    let runs = max(fewest, times.count / 2)
    let shares = try session.profileNodes(sample, runs: runs)
    let sum = shares.values.reduce(Duration.zero, +)
    let median = times.sorted()[times.count / 2] / .seconds(1)
    // Taking times takes time: shares of the whole are what is measured.
    var nodes: [String: NodeTime] = [:]
    for node in cost.nodes {
      guard let macs = node.macs, macs > 0, let share = shares[node.label] else { continue }
      nodes[node.label] = NodeTime(macs: macs, seconds: median * (share / sum))
    }
    return Row(
      isQuantized: isQuantized, kept: kept, seconds: median, macs: cost.macs, nodes: nodes)
  }

  /// What `latency-table` reports.
  public var report: Report {
    var report = Report()
    report.add(data: ["threads": .int(threads), "multiple": .int(multiple)])
    report.add(
      Table(
        "latency", of: rows,
        [
          (.init("numbers"), { .text($0.isQuantized ? "int8" : "float") }),
          (.init("kept", numeric: true), { .quantity($0.kept, .percent, digits: 1) }),
          (.init("macs", "MACs", numeric: true), { .count($0.macs) }),
          (.init("nodes", numeric: true), { .count($0.nodes.count) }),
          (
            .init("latency_ms", "ms", numeric: true),
            { .quantity(1000 * $0.seconds, digits: 3) }
          ),
        ]))
    return report
  }
}
