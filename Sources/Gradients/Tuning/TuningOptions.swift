/// How a model is tuned.
public struct TuningOptions: Sendable {
  /// How steps follow from gradients.
  public enum Optimizer: String, Sendable, CaseIterable {
    /// Adam with decoupled decay of weights.
    case adam
    /// Stochastic gradient descent with momentum 0.9.
    case sgd
  }

  /// What is compared; what cannot be does not count.
  public var kinds: Set<Objective.Kind> = [.response, .feature]
  /// The number of steps; nil where the time decides.
  public var steps: Int?
  /// The time that tuning may take, in seconds; nil where steps decide.
  public var seconds: Double?
  /// How samples are changed before each step, where their form allows it; nil for the usual ways. The
  /// teacher says what becomes of what they are then. A mixture of samples is labelled as the same mixture of
  /// their labels.
  public var alterations: Set<Alteration>?
  /// Samples a step.
  public var batch = 64
  /// The largest rate, which the first steps lead to and from which a cosine leads to zero.
  public var rate = 2e-3
  /// What share of the steps leads to the largest rate.
  public var warmUp = 0.05
  /// The share of a weight that a step takes off it, times the rate.
  public var decay = 0.0
  /// How steps follow from gradients.
  public var optimizer = Optimizer.adam
  /// Whether the integers, scales and biases of a model in QDQ form learn, through its quantizers.
  public var isQuantized = false
  /// Draws the order of the samples.
  public var seed: UInt64 = 0
  /// Bytes that the teacher's values may take in memory.
  public var budget = 1 << 30
  /// Steps where neither steps nor time are given: few samples are learnt by heart sooner.
  public static func usualSteps(samples: Int) -> Int {
    samples < 1024 ? 1200 : samples < 8192 ? 3000 : 6000
  }
  /// Fewer steps than this do not pay.
  public static let fewestSteps = 300

  /// How samples are changed. Which labels survive what is done to a picture is not known.
  var usedAlterations: Set<Alteration> {
    alterations ?? (kinds.contains(.labels) ? [.mix] : Set(Alteration.allCases))
  }

  /// Makes the usual options.
  public init() {}

  /// All of them as a text that is the same in every run.
  public var key: String {
    """
    \(kinds.map(\.rawValue).sorted()) \(steps ?? 0) \(seconds ?? 0) \(batch) \(rate) \(warmUp) \
    \(decay) \(optimizer.rawValue) \(seed) \(usedAlterations.map(\.rawValue).sorted())\(isQuantized ? " quantized" : "")
    """
  }
}
