/// Blocks that were dropped, as data: the same model and options give the same plan, byte for byte, and
/// replaying it on the same samples gives the same model.
public struct DropPlan: PlanFile, Hashable, Sendable {
  /// A block that was dropped.
  public struct Block: Codable, Hashable, Sendable {
    /// The sum that it ended in, by its operator and name.
    public var sum: String
    /// Nodes that went with it.
    public var nodes: Int
    /// Multiply-accumulates for one sample that went with it.
    public var macs: Int
    /// Elements of trained weights that went with it.
    public var parameters: Int
    /// Bytes of constants that went with it.
    public var bytes: Int
  }

  /// The version of the format.
  public var schema = 1
  /// Multiply-accumulates of the model before for one sample.
  public var macs: Int
  /// Blocks that could go.
  public var found: Int
  /// Blocks that went, in the order in which they did.
  public var blocks: [Block]
  /// What was asked for and could not be reached, in words; nil where all was.
  public var missed: String?

  /// What errors call the plan.
  public static let subject = "dropped blocks"
  /// The version of the format that is read.
  public static let version = 1
  /// Whether slashes in names are written with a backslash before them.
  public static let escapesSlashes = true

  init(macs: Int, found: Int) {
    (self.macs, self.found, blocks) = (macs, found, [])
  }
}
