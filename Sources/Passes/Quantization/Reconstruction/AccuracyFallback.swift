public import Execution
public import IR
public import Samples

/// Gives layers back to float, those that cost most first, until a model loses no more than allowed.
public struct AccuracyFallback: Sendable {
  /// The most points that may be lost, of a hundred.
  public let most: Double
  private let original: Model
  private let session: SessionOptions

  /// What came of it.
  public struct Outcome: Sendable {
    /// Points lost with everything quantized.
    public var before: Double
    /// Points lost in the end.
    public var after: Double
    /// What the points are of: `top-1` of the labels, or `agreement` with the original.
    public var metric: String
    /// The layers that stay in float, by operator and name, the costliest first.
    public var floats: [String]
    /// The number of samples that points were counted on.
    public var samples: Int
  }

  /// - Parameter most: the most points that may be lost, of a hundred.
  public init(_ original: Model, most: Double, options: SessionOptions) {
    self.original = original
    self.most = most
    session = options
  }

  /// Quantizes with ever more layers in float.
  ///
  /// - Parameters:
  ///   - data: samples that nothing was fitted to; their labels are the measure where there are any.
  ///   - layers: patterns that name a layer each.
  ///   - quantize: quantizes with some layers left in float.
  public func run(
    on data: Dataset, layers: [String],
    quantize: (_ excluded: [String]) throws(ModelError) -> Quantizer.Result
  ) throws(ModelError) -> (result: Quantizer.Result, outcome: Outcome) {
    let whole = try quantize([])
    let before = try loss(whole.model, data)
    var outcome = Outcome(
      before: before, after: before, metric: data.labels == nil ? "agreement" : "top-1",
      floats: [], samples: data.count)
    guard before > most else { return (whole, outcome) }
    // What each layer costs: how much the outputs gain when it alone stays in float.
    let base = try ModelComparison(
      original, whole.model, on: data, options: session, limit: 32
    ).sqnr
    var gains: [(layer: String, gain: Double)] = []
    for layer in layers {
      let model = try quantize([layer]).model
      let sqnr = try ModelComparison(original, model, on: data, options: session, limit: 32).sqnr
      gains.append((layer, sqnr - base))
    }
    let ranked = gains.enumerated().sorted {
      ($1.element.gain, $0.offset) < ($0.element.gain, $1.offset)
    }.map(\.element.layer)
    var count = 1
    while true {
      count = min(count, ranked.count)
      let floats = Array(ranked.prefix(count))
      let result = try quantize(floats)
      let lost = try loss(result.model, data)
      if lost <= most || count == ranked.count {
        outcome.after = lost
        outcome.floats = floats
        return (result, outcome)
      }
      count = count < 4 ? count + 1 : count * 3 / 2
    }
  }

  /// Points that a model loses.
  private func loss(_ model: Model, _ data: Dataset) throws(ModelError) -> Double {
    guard data.labels != nil else {
      let found = try ModelComparison(original, model, on: data, options: session)
      let agreement = found.outputs.map(\.comparison.argmaxAgreement).min() ?? 1
      return 100 * (1 - agreement)
    }
    let float = try Accuracy(of: original, on: data, options: session)
    let integer = try Accuracy(of: model, on: data, options: session)
    return 100 * (float.top1Fraction - integer.top1Fraction)
  }
}
