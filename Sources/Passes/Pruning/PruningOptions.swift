/// What to remove and by which measure.
public struct PruningOptions: Sendable {
  /// How much to remove.
  public enum Target: Hashable, Sendable {
    /// The fraction of each group's channels to remove, 0 to 1.
    case ratio(Double)
    /// The fraction of the multiply-accumulates to keep.
    case macs(Double)
    /// The fraction of the parameters to keep.
    case parameters(Double)
    /// The fraction of the bytes of all constants to keep.
    case bytes(Double)
  }

  /// What makes a channel important.
  public enum Importance: Hashable, Sendable {
    /// The sum of magnitudes of the weights that make and read it.
    case l1
    /// Their sum of squares.
    case l2
    /// Their greatest magnitude.
    case linf
    /// The magnitude of the normalisation's scale; L2 for groups without one.
    case bnScale
    /// The distance of the weights that make it to those of the other channels (FPGM).
    case fpgm
    /// Nothing: a seeded choice.
    case random
    /// What it carries on calibration data; L2 for groups that were not observed.
    case activation(ActivationMeasure)
    /// How much the likelihood of labels changes when it goes, by gradients on calibration data; L2 for
    /// groups whose weights have none.
    case gradient(GradientMeasure)
    /// What the layers that read it lose on calibration data when it goes and the rest adapts: blocks of
    /// the optimal brain surgeon's, one channel after another; L2 for groups that no linear layer reads.
    case obs
    /// `PruningOptions.scores`; L2 for groups that these do not name.
    case scores
  }

  /// How the numbers that several weights give for a channel become one.
  public enum Reduction: String, Sendable, CaseIterable {
    case mean, sum, max
    /// That of the weight that makes the channel.
    case first
  }

  /// What of its group a score is divided by.
  public enum Normalizer: String, Sendable, CaseIterable {
    case mean, sum, max, none
  }

  /// Against which channels a channel competes.
  public enum Competition: String, Sendable, CaseIterable {
    /// Those of its own group, each of which loses the same fraction.
    case local
    /// Those of all groups.
    case global
    /// Those of the groups that are built alike: the same operators around weights of the same form.
    case isomorphic
  }

  /// What goes of attention.
  public enum Attention: String, Codable, Sendable, CaseIterable {
    /// Where attention is spelled out in products whichever leaves more channels to choose from;
    /// whole heads where one operator computes it.
    case auto
    /// Whole heads of queries, keys and values; a head of keys goes with all that share it.
    case heads
    /// The same elements of every head, which keep their number.
    case widths
  }

  /// What a removal may take, where there is a choice. A plan holds for the choices that it was
  /// made with, and states them.
  public struct Choices: Codable, Hashable, Sendable {
    /// What goes of attention.
    public var attention = Attention.auto
    /// Whether channels go that a reduction (ReduceMean, ReduceL2, …) sums or averages over, which
    /// then gives the result for those that stay.
    public var cutsReductions = false

    /// The default of each.
    public init() {}
  }

  /// A fraction of channels for some groups.
  public struct GroupRatio: Hashable, Sendable {
    /// A name or pattern (`*` and `?`) of weights, nodes, values or operators.
    public var pattern: String
    /// The fraction of channels that their groups lose, whatever the target.
    public var ratio: Double

    /// A fraction for the groups that `pattern` names.
    public init(pattern: String, ratio: Double) {
      self.pattern = pattern
      self.ratio = ratio
    }
  }

  /// How much to remove.
  public var target: Target
  /// What makes a channel important.
  public var importance = Importance.l2
  /// How the numbers that several weights give become one.
  public var reduction = Reduction.mean
  /// What of its group a score is divided by; what suits the importance until it is set.
  public var normalizer: Normalizer {
    get { givenNormalizer ?? importance.usualNormalizer }
    set { givenNormalizer = newValue }
  }
  private var givenNormalizer: Normalizer?
  /// Scores of channels by the names of the weights that make them.
  public var scores: [String: [Double]] = [:]
  /// The seed of random importance.
  public var seed: UInt64 = 0
  /// Against which channels a channel competes.
  public var competition = Competition.local
  /// What goes where there is a choice.
  public var choices = Choices()
  /// Widths are rounded to the nearest multiple of this number.
  public var roundTo = 1
  /// No group is left with fewer channels than this, if it has as many.
  public var minChannels = 1
  /// No group loses more than this fraction of its channels.
  public var maxRatio = 1.0
  /// Fractions for single groups; of several patterns that fit the longest counts.
  public var groupRatios: [GroupRatio] = []
  /// Fractions for single groups by their keys (`SensitivityProbes.Group.key`), which win over all
  /// others: how a search states what it found.
  public var widths: [String: Double] = [:]
  /// Names or patterns (`*` and `?`) of weights, nodes, values or operators whose channels stay.
  public var keep: [String] = []
  /// Whether channels stay whose weights a caller may override, because they are inputs of the graph
  /// too (from IR version 4 on).
  public var freezesOverridable = false

  /// Options with defaults for everything but the target.
  public init(target: Target) { self.target = target }
}
