public import Execution
public import IR

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// What a changed model loses against the original, in points of a hundred.
public struct OutputLoss: Hashable, Sendable, Codable {
  /// What the points are of.
  public enum Basis: String, Sendable, Codable {
    /// Samples of a hundred that are right less often, by labels.
    case accuracy
    /// Samples of a hundred that are taken for another class than the original takes them for.
    case agreement
    /// The error's share of the outputs' root mean square, in percent, for models that do not classify.
    case error
  }

  /// What the points are of.
  public let basis: Basis
  /// The loss on the samples.
  public let points: Double
  /// The standard error of `points` as a statement about other samples; 0 for an error.
  public let deviation: Double
  /// The number of samples.
  public let samples: Int
  /// Noise over signal of the scores, which says more of small changes than classes do.
  public private(set) var noise = 0.0

  /// What the loss on all such samples does not exceed, with 95 % confidence by the normal
  /// approximation.
  public var upperBound: Double { points + 1.644854 * deviation }

  /// From what two classifiers take the same samples for. The samples on which they differ are what
  /// tells how sure the difference is (Q. McNemar, 1947); one more of them is counted than there are,
  /// so that few samples never tell for certain.
  ///
  /// - Parameter labels: the true classes; nil to count disagreement.
  public init(original: [Int], changed: [Int], labels: [Int]?) {
    let count = Double(max(original.count, 1))
    var sum = 0.0, differing = 1.0
    for (place, (a, b)) in zip(original, changed).enumerated() where a != b {
      guard let labels else {
        sum += 1
        differing += 1
        continue
      }
      let change = (a == labels[place] ? 1.0 : 0) - (b == labels[place] ? 1.0 : 0)
      sum += change
      differing += change * change
    }
    let mean = sum / count
    basis = labels == nil ? .agreement : .accuracy
    points = 100 * mean
    deviation = 100 * (max(differing / count - mean * mean, 0) / count).squareRoot()
    samples = original.count
  }

  /// From how far outputs lie apart.
  ///
  /// - Parameter sqnr: signal over error in dB.
  public init(sqnr: Double, samples: Int) {
    basis = .error
    points = 100 * pow(10, -sqnr / 20)
    deviation = 0
    self.samples = samples
    noise = pow(10, -sqnr / 10)
  }

  /// From what two classifiers say of the same samples.
  ///
  /// With few samples and no labels the disagreement is that expected of scores and errors
  /// (`ExpectedDisagreement`), and not a count.
  ///
  /// - Parameter leads: what the original says of these and further samples.
  package init(
    original: Predictions, changed: Predictions, labels: [Int]?, leads: ScoreRows
  ) {
    let noise = original.scores.noise(of: changed.scores)
    let counted = OutputLoss(
      original: original.classes, changed: changed.classes, labels: labels)
    if labels == nil, counted.samples < Self.few,
      let found = ExpectedDisagreement(leads, original.scores, changed.scores)
    {
      basis = .agreement
      points = 100 * found.share
      deviation = 100 * found.deviation
      samples = counted.samples
    } else {
      self = counted
    }
    self.noise = noise.isFinite ? noise : Double(Float.greatestFiniteMagnitude)
  }

  /// Fewer samples than these are not counted one by one where there are no labels.
  private static let few = 512
}

/// Measures what changed models lose against one original on the same samples.
public struct LossMeter: Sendable {
  private let original: Model
  private let data: Dataset
  private let options: SessionOptions
  private let reference: Predictions?
  private let leads: ScoreRows

  /// Runs the original.
  ///
  /// - Parameters:
  ///   - data: samples, with labels where points of accuracy are meant.
  ///   - further: samples that changed models were fitted to. They say nothing of errors, but of how
  ///     often the original is not sure.
  public init(
    _ original: Model, on data: Dataset, further: Dataset? = nil, options: SessionOptions
  ) throws(ModelError) {
    self.original = original
    self.data = data
    self.options = options
    let reference = try Predictions(of: original, on: data, options: options)
    self.reference = reference
    let isFew = data.labels == nil && reference != nil
    let more = try (isFew ? further : nil).flatMap { further throws(ModelError) in
      try Predictions(of: original, on: further, options: options)?.scores
    }
    leads = more ?? reference?.scores ?? ScoreRows()
  }

  /// Runs a changed model.
  public func loss(of model: Model) throws(ModelError) -> OutputLoss {
    if let reference, let found = try Predictions(of: model, on: data, options: options) {
      return OutputLoss(original: reference, changed: found, labels: data.labels, leads: leads)
    }
    let found = try ModelComparison(original, model, on: data, options: options)
    return OutputLoss(sqnr: found.sqnr, samples: found.samples)
  }
}
