package import Execution
public import IR
package import Operators

/// Someone who wants to see values of a graph while samples run through it.
package protocol Observer: AnyObject {
  /// The values to see.
  var values: Set<ValueID> { get }
  /// Shows one of them, for one batch; the memory is valid during the call only.
  func observe(_ value: ValueID, _ view: TensorView) throws(ModelError)
}

/// One pass over samples: each batch is read and run once, however many want to see its values.
public struct SampleRun: Sendable {
  /// Samples a run, where nothing speaks against it.
  public static let usualBatch = 16

  /// Where the samples come from.
  private enum Source: Sendable {
    case data(Dataset)
    case single([[String: Tensor]])
  }

  private let source: Source
  private let ranges: [Range<Int>]
  /// The number of samples.
  public let count: Int
  /// Samples a run; the last may have fewer.
  public let size: Int

  /// The labels of the samples; nil where there are none.
  public var labels: [Int]? { if case .data(let data) = source { data.labels } else { nil } }

  /// The number of batches.
  public var batches: Int { ranges.count }

  /// The samples of a data set.
  ///
  /// - Parameters:
  ///   - model: the model that is run; where its values are large, batches are smaller.
  ///   - batch: samples a run, where the model takes any number.
  ///   - limit: no more samples than this, or a few more where they come in groups.
  public init(
    _ data: Dataset, for model: Model, batch: Int = SampleRun.usualBatch, limit: Int = .max
  ) {
    let size = BatchSize.fitting(model, data, most: batch)
    let first = data.batches(of: size).prefix { $0.lowerBound < limit }
    ranges = first.map { data.batch == nil ? $0.clamped(to: 0..<limit) : $0 }
    source = .data(data)
    count = ranges.last?.upperBound ?? 0
    self.size = ranges.first?.count ?? 1
  }

  /// Every `count`-th batch, from number `first` on.
  public func every(_ count: Int, from first: Int) -> SampleRun {
    SampleRun(source, stride(from: first, to: ranges.count, by: count).map { ranges[$0] }, size)
  }

  /// The same samples, each run by itself where the data set does not say how many go together.
  package var separate: SampleRun {
    guard case .data(let data) = source, data.batch == nil else { return self }
    return SampleRun(source, ranges.flatMap { $0.map { $0..<$0 + 1 } }, 1)
  }

  private init(_ source: Source, _ ranges: [Range<Int>], _ size: Int) {
    self.source = source
    self.ranges = ranges
    self.size = size
    count = ranges.reduce(0) { $0 + $1.count }
  }

  /// Samples of which each is run by itself.
  public init(samples: [[String: Tensor]]) {
    source = .single(samples)
    ranges = samples.indices.map { $0..<$0 + 1 }
    count = samples.count
    size = 1
  }

  /// The inputs of one batch.
  package func inputs(batch: Int) throws(ModelError) -> [String: Tensor] {
    switch source {
    case .data(let data):
      defer { data.releasePages() }
      return try data.inputs(ranges[batch])
    case .single(let samples): return samples[ranges[batch].lowerBound]
    }
  }

  /// Hands over the inputs of each batch.
  ///
  /// - Parameter progress: called after each.
  /// - Returns: the number of samples.
  @discardableResult
  public func forEach(
    progress: (WorkProgress) -> Void = { _ in },
    _ body: (_ inputs: [String: Tensor], _ samples: Range<Int>) throws(ModelError) -> Void
  ) throws(ModelError) -> Int {
    var done = 0
    for range in ranges {
      switch source {
      case .data(let data):
        try body(try data.inputs(range), range)
        data.releasePages()
      case .single(let samples): try body(samples[range.lowerBound], range)
      }
      done += range.count
      progress(WorkProgress(done: done, of: count))
    }
    return count
  }

  /// Runs a model and shows observers what they asked for.
  ///
  /// - Returns: the number of samples.
  @discardableResult
  package func observe(
    _ session: Session, by observers: [any Observer], progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> Int {
    try observe([(session, observers)], progress: progress)
  }

  /// Runs several models on the same batches, in order, each before its own observers.
  ///
  /// - Returns: the number of samples.
  @discardableResult
  package func observe(
    _ runs: [(session: Session, observers: [any Observer])],
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> Int {
    let wanted = runs.map { run in run.observers.reduce(into: Set()) { $0.formUnion($1.values) } }
    return try forEach(progress: progress) { inputs, _ throws(ModelError) in
      for (run, values) in zip(runs, wanted) {
        try run.session.run(inputs, observedBy: run.observers, values)
      }
    }
  }
}

extension Session {
  /// Runs a batch and shows observers what they asked for.
  ///
  /// - Parameter wanted: what they ask for together, where that is known.
  package func run(
    _ inputs: [String: Tensor], observedBy observers: [any Observer], _ wanted: Set<ValueID>? = nil
  ) throws(ModelError) {
    let values = wanted ?? observers.reduce(into: Set()) { $0.formUnion($1.values) }
    _ = try run(inputs, outputs: [], observing: values) { value, view throws(ModelError) in
      for observer in observers where observer.values.contains(value) {
        try observer.observe(value, view)
      }
    }
  }
}
