public import Execution
public import IR

/// How far the outputs of two models lie apart on the same inputs. No more than one batch of outputs
/// is held, however many samples there are.
public struct ModelComparison: Sendable {
  /// One output.
  public struct Output: Sendable {
    /// The output's name in the first model.
    public let name: String
    /// The figures over all samples.
    public let comparison: Comparison
    /// Where the results of the two models have other lengths, what was compared; nil where all
    /// have the same.
    public let mismatch: String?
  }

  /// Every output, in order.
  public let outputs: [Output]
  /// The number of samples.
  public let samples: Int
  /// Which samples: what the data set says of itself.
  public let part: Dataset.Part

  /// The largest difference relative to the output's largest magnitude, over all outputs; infinite
  /// where results have other lengths.
  public var maxRelative: Double {
    outputs.map { $0.mismatch == nil ? $0.comparison.maxRelative : .infinity }.max() ?? 0
  }

  /// The lowest signal to noise of any output, in dB; infinite without outputs.
  public var sqnr: Double { outputs.map(\.comparison.sqnr).min() ?? .infinity }

  /// What a reader of the figures should know.
  public var notes: [String] {
    outputs.compactMap { output in output.mismatch.map { "output '\(output.name)': \($0)" } }
  }

  /// Runs both models on the first `limit` samples or a few more. Outputs correspond by position;
  /// inputs by name, or by position where the second model names them otherwise. The models do not stand
  /// in memory at once.
  ///
  /// - Parameters:
  ///   - batch: samples a run, fewer where the outputs are large.
  ///   - progress: called after every batch.
  /// - Throws: `ModelError` when the models' inputs or outputs do not correspond.
  public init(
    _ a: Model, _ b: Model, on data: Dataset, options: SessionOptions,
    limit: Int = .max, batch: Int = SampleRun.usualBatch,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) {
    let outputsA = a.graph.outputs.map { a.graph[$0.value].name }
    let inputsA = a.graph.requiredInputs, inputsB = b.graph.requiredInputs
    guard outputsA.count == b.graph.outputs.count, inputsA.count == inputsB.count else {
      throw ModelError(
        .request,
        "comparison: expected as many inputs and outputs, found \(inputsA.count) and \(outputsA.count) against \(inputsB.count) and \(b.graph.outputs.count)"
      )
    }
    var sums = outputsA.map { _ in OutputSums() }
    let run = SampleRun(data, for: a, batch: batch, limit: limit)
    samples = run.count
    var done = 0
    /// Each batch is run twice.
    func advance() {
      done += 1
      progress(WorkProgress(done: run.count * done / (2 * run.batches), of: run.count))
    }
    var next = 0
    while next < run.batches {
      let kept = try KeptOutputs(a, on: run, from: next, options: options, done: advance)
      try kept.compare(b, done: advance) { index, x, y throws(ModelError) in
        try noting("output '\(outputsA[index])'") { () throws(ModelError) in
          try sums[index].add(x, y)
        }
      }
      next = kept.batches.upperBound
    }
    part = data.part
    outputs = zip(outputsA, sums).map { $1.output($0) }
  }

  /// The comparison, or nil for models that Lapidary cannot run.
  public static func ifRunnable(
    _ a: Model, _ b: Model, on data: Dataset, options: SessionOptions,
    limit: Int = .max, progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> ModelComparison? {
    do throws(ModelError) {
      return try ModelComparison(a, b, on: data, options: options, limit: limit, progress: progress)
    } catch {
      guard error.code == .unsupported else { throw error }
      return nil
    }
  }
}

/// The sums over one output. Results whose length depends on data can be shorter in one model than in
/// the other: then the rows that both have are compared.
private struct OutputSums {
  private var sums = ComparisonSums()
  private var runs = 0, unlike = 0
  private var example = ""

  mutating func add(_ x: Tensor, _ given: Tensor) throws(ModelError) {
    runs += 1
    // Numbers of fewer bits are compared as numbers.
    let isFloat = x.elementType.isFloatingPoint && given.elementType.isFloatingPoint
    let y = isFloat ? given.converted(to: x.elementType) ?? given : given
    guard x.elementType == y.elementType, x.dimensions != y.dimensions else {
      return try sums.add(reference: x, candidate: y)
    }
    unlike += 1
    if example.isEmpty { example = "\(y.type) for \(x.type)" }
    guard x.dimensions.count == y.dimensions.count, !x.dimensions.isEmpty,
      x.dimensions.dropFirst() == y.dimensions.dropFirst()
    else { return }
    let rows = 0..<min(x.dimensions[0], y.dimensions[0])
    guard !rows.isEmpty else { return }
    try sums.add(reference: x.rows(rows), candidate: y.rows(rows))
  }

  func output(_ name: String) -> ModelComparison.Output {
    let mismatch =
      unlike == 0
      ? nil
      : "its length depends on the data and differs in \(unlike) of \(runs) runs (\(example)): only the rows that both results have were compared"
    return ModelComparison.Output(name: name, comparison: sums.comparison, mismatch: mismatch)
  }
}
