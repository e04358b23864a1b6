/// Which elements of which weights become zero, as data: the same model and options give the same
/// plan, byte for byte, and a training script can apply the masks to its own weights.
public struct SparsityPlan: PlanFile, Hashable, Sendable {
  /// The version of the format.
  public var schema = 1
  /// The hash of the model that the plan was made for.
  public var model: String
  /// What was asked for: a fraction or a pattern such as `2:4`.
  public var target: String
  /// Every weight that is made sparse, in the order of the graph.
  public var weights: [Mask]
  /// Weights that stay as they are, with the reason.
  public var left: [Left]

  /// The elements of a weight that stay.
  public struct Mask: Codable, Hashable, Sendable {
    /// The weight's name.
    public var weight: String
    /// Its shape.
    public var shape: [Int]
    /// The axis that is summed over.
    public var axis: Int
    /// How many elements were zero before.
    public var zerosBefore: Int
    /// How many elements are zero afterwards.
    public var zeros: Int
    /// A bit an element in row-major order, the lowest bit of a byte first, 1 for elements that stay;
    /// in Base64.
    public var mask: String
  }

  /// A weight that stays as it is.
  public struct Left: Codable, Hashable, Sendable {
    /// The weight's name.
    public var weight: String
    /// The reason.
    public var reason: String
  }

  /// What errors call the plan.
  public static let subject = "a sparsity plan"
  /// The version of the format that is read.
  public static let version = 1
  /// Whether slashes in names are written with a backslash before them.
  public static let escapesSlashes = false

  init(model: String, target: String, weights: [Mask], left: [Left]) {
    self.model = model
    self.target = target
    self.weights = weights
    self.left = left
  }
}
