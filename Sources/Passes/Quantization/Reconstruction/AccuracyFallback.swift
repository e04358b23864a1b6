public import Execution
public import IR
public import Samples

/// Gives layers back to 16 bits, where the profile has them, or to float, those that cost most first,
/// until a model loses no more than allowed.
public struct AccuracyFallback: Sendable {
  /// The most points that may be lost, of a hundred.
  public let most: Double
  private let original: Model
  private let session: SessionOptions

  /// What came of it.
  public struct Outcome: Sendable {
    /// What is lost with everything quantized.
    public var before: OutputLoss
    /// What is lost in the end.
    public var after: OutputLoss
    /// The layers whose activations take 16 bits, the costliest first.
    public var wide: [String] = []
    /// The layers that stay in float, the costliest first.
    public var floats: [String] = []

    init(_ loss: OutputLoss) { (before, after) = (loss, loss) }
  }

  /// What is given back.
  public struct Choice: Sendable {
    /// Layers whose activations take 16 bits.
    public var wide: [String] = []
    /// Layers left in float.
    public var floats: [String] = []
  }

  /// - Parameter most: the most points that may be lost, of a hundred.
  public init(_ original: Model, most: Double, options: SessionOptions) {
    self.original = original
    self.most = most
    session = options
  }

  /// Quantizes with ever more layers given back: in 16 bits first, and in float where 16 bits are not to
  /// be had or do not do.
  ///
  /// - Parameters:
  ///   - data: samples that nothing was fitted to; their labels are the measure where there are any, and
  ///     else what the original says of them (`LossMeter`).
  ///   - layers: patterns that name a layer each.
  ///   - hasWide: whether activations of 16 bits are to be had.
  ///   - quantize: quantizes with some layers given back.
  public func run(
    on data: Dataset, layers: [String], hasWide: Bool,
    quantize: (Choice) throws(ModelError) -> Quantizer.Result
  ) throws(ModelError) -> (result: Quantizer.Result, outcome: Outcome) {
    let whole = try quantize(Choice())
    let meter = try LossMeter(original, on: data, options: session)
    var outcome = Outcome(try meter.loss(of: whole.model))
    guard outcome.before.points > most, !layers.isEmpty else { return (whole, outcome) }
    let ranked = try ranked(layers, whole.model, data, quantize)
    var result = whole
    for kind in hasWide ? [\Choice.wide, \Choice.floats] : [\Choice.floats] {
      for count in counts(upTo: ranked.count) {
        var choice = Choice()
        choice[keyPath: kind] = Array(ranked.prefix(count))
        result = try quantize(choice)
        outcome.after = try meter.loss(of: result.model)
        (outcome.wide, outcome.floats) = (choice.wide, choice.floats)
        if outcome.after.points <= most { return (result, outcome) }
      }
    }
    return (result, outcome)
  }

  /// How many layers are tried: each number at first, then half as many again.
  private func counts(upTo last: Int) -> [Int] {
    var counts: [Int] = [], count = 1
    while count < last {
      counts.append(count)
      count = count < 4 ? count + 1 : count * 3 / 2
    }
    return counts + [last]
  }

  /// The layers by what each costs: how much the outputs gain when it alone stays in float.
  private func ranked(
    _ layers: [String], _ whole: Model, _ data: Dataset,
    _ quantize: (Choice) throws(ModelError) -> Quantizer.Result
  ) throws(ModelError) -> [String] {
    let base = try ModelComparison(original, whole, on: data, options: session, limit: 32).sqnr
    var gains: [(layer: String, gain: Double)] = []
    for layer in layers {
      let model = try quantize(Choice(floats: [layer])).model
      let sqnr = try ModelComparison(original, model, on: data, options: session, limit: 32).sqnr
      gains.append((layer, sqnr - base))
    }
    return gains.enumerated().sorted {
      ($1.element.gain, $0.offset) < ($0.element.gain, $1.offset)
    }.map(\.element.layer)
  }
}
