public import Execution
public import IR
internal import Operators
public import Samples

extension Quantizer {
  /// Every fourth batch is kept apart for `auto` to choose between methods with.
  private static let keptOf = 4

  /// A part of the batches: every `count`-th, from number `index` on, counted from 1.
  public struct Shard: Sendable {
    /// Which part, from 1.
    public let index: Int
    /// How many parts there are.
    public let count: Int

    /// - Throws: `ModelError` unless 1 ≤ index ≤ count.
    public init(_ index: Int, of count: Int) throws(ModelError) {
      guard count >= 1, 1...count ~= index else {
        throw ModelError(
          .request, "shard: expected a number from 1 to \(max(1, count)), found \(index)")
      }
      self.index = index
      self.count = count
    }
  }

  /// Runs the model on samples and finds the ranges of what will be quantized.
  ///
  /// - Parameters:
  ///   - shard: which of the batches to run; all when nil. Merged shards give what all give.
  ///   - progress: called after each batch.
  public func calibrate(
    on samples: SampleRun, modelHash: String = "", shard: Shard? = nil,
    options: SessionOptions, progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> CalibrationStatistics {
    guard samples.count > 0 else {
      throw ModelError(.request, "calibration: expected at least one sample, found none")
    }
    let model = computable
    let calibration = RangeCalibration(observed)
    let session = try Session(model, options: options)
    let batches = shard.map { samples.every($0.count, from: $0.index - 1) } ?? samples
    var data: UInt64 = 0, count = 0
    let keeps = samples.batches >= Self.keptOf
    try batches.forEach(progress: progress) { inputs, range throws(ModelError) in
      data &+= Self.hash(of: inputs)
      count += range.count
      let number = range.lowerBound / max(1, samples.size)
      calibration.keepsApart = keeps && number % Self.keptOf == Self.keptOf - 1
      try session.run(inputs, observedBy: [calibration])
    }
    return CalibrationStatistics(
      model: modelHash, data: data, samples: count, batch: samples.size,
      parts: shard.flatMap { $0.count == 1 ? nil : .init(numbers: [$0.index], count: $0.count) },
      calibration.seen(in: model.graph))
  }

  /// Runs the model on a data set.
  public func calibrate(
    on data: Dataset, modelHash: String = "", batch: Int = SampleRun.usualBatch,
    shard: Shard? = nil, options: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> CalibrationStatistics {
    try calibrate(
      on: SampleRun(data, for: model, batch: batch), modelHash: modelHash, shard: shard,
      options: options, progress: progress)
  }

  /// A number for the samples of a batch.
  private static func hash(of inputs: [String: Tensor]) -> UInt64 {
    var hash = ContentHash()
    for (name, tensor) in inputs.sorted(by: { $0.key < $1.key }) {
      hash.combine("\(name) \(tensor.type)")
      tensor.storage?.withUnsafeBytes { hash.combine($0) }
    }
    return hash.high
  }
}
