/// A removal as data: which channels of which weights stay, and why others could not go. The same
/// model and options give the same plan, byte for byte; replaying it gives the same model.
public struct PruningPlan: PlanFile, Hashable, Sendable {
  /// The version of the format.
  public var schema = 1
  /// The hash of the model that the plan was made for.
  public var model: String
  /// What could go where there was a choice; nil for the default of each.
  public var choices: PruningOptions.Choices?
  /// Multiply-accumulates of the whole model for one sample.
  public var macs: Int
  /// Coupled groups, in the order of the graph.
  public var groups: [Group]
  /// Every constant that is cut, in the order of the graph.
  public var weights: [Slice]
  /// Names that nodes which hand on their input gave to weights, which are cut alike; exporters write
  /// equal weights once. Nil when there are none.
  public var aliases: [String: String]?
  /// Channels that cannot go, by weight and reason.
  public var frozen: [Frozen]
  /// What makes the original equal to the cut model, for the proof.
  public var proof: [ProofStep]
  /// The proof that was made; nil before one was.
  public var certificate: Certificate?

  /// A proof that was made.
  public struct Certificate: Codable, Hashable, Sendable {
    /// The seed of the inputs that both models were run on.
    public var seed: UInt64
    /// The largest difference allowed, relative to the largest magnitude of an output.
    public var tolerance: Double
    /// The largest difference that was measured.
    public var difference: Double
    /// The hash of the cut model.
    public var output: String

    /// A proof by numbers.
    public init(seed: UInt64, tolerance: Double, difference: Double, output: String) {
      self.seed = seed
      self.tolerance = tolerance
      self.difference = difference
      self.output = output
    }
  }

  /// Channels made by the same weights.
  public struct Group: Codable, Hashable, Sendable {
    /// The group's number.
    public var index: Int
    /// Multiply-accumulates for one sample with which these channels are made.
    public var macs: Int
    /// The weights that read the channels, by name.
    public var readers: [String]
    /// The channels before.
    public var channels: Int
    /// The channels after.
    public var kept: Int
    /// The weights that make the channels, with what stays of each.
    public var producers: [Slice]
    /// The score of each channel, in the order of the first producer; 1 on average.
    public var scores: [Double]
  }

  /// What stays of a weight along an axis.
  public struct Slice: Codable, Hashable, Sendable {
    /// The weight's name.
    public var weight: String
    /// Its name in the cut model, where several nodes read it and keep different slices; nil for
    /// the same name.
    public var result: String?
    /// The axis.
    public var axis: Int
    /// The indices along the axis before.
    public var length: Int
    /// The indices that stay; for a grouped convolution's columns one list for each group.
    public var kept: [[Int]]
  }

  /// Channels that cannot go.
  public struct Frozen: Codable, Hashable, Sendable {
    /// The weight that makes the channels.
    public var weight: String
    /// Its axis.
    public var axis: Int
    /// How many channels.
    public var channels: Int
    /// The reason.
    public var reason: String
  }

  /// What errors call the plan.
  public static let subject = "a pruning plan"
  /// The version of the format that is read.
  public static let version = 1
  /// Whether slashes in names are written with a backslash before them.
  public static let escapesSlashes = true

  init(
    model: String, macs: Int, groups: [Group], weights: [Slice], frozen: [Frozen],
    proof: [ProofStep]
  ) {
    self.model = model
    self.macs = macs
    self.groups = groups
    self.weights = weights
    self.frozen = frozen
    self.proof = proof
  }
}
