/// Which blocks go.
public struct DropOptions: Sendable {
  /// How many.
  public enum Target: Hashable, Sendable {
    /// So many blocks, those with which least is lost for what they cost.
    case blocks(Int)
    /// Blocks until at most this fraction of the model's multiply-accumulates stays, 0 to 1.
    case macs(Double)
    /// Those of these names, one after the other: names or patterns (`*` and `?`) of the sums that they
    /// end in, or of what these make.
    case named([String])
  }

  /// How many.
  public var target: Target
  /// Names or patterns (`*` and `?`) of nodes, values or operators whose blocks stay.
  public var keep: [String] = []

  /// Options with defaults for everything but the target.
  public init(target: Target) { self.target = target }

  /// Options that drop what a plan says.
  public init(_ plan: DropPlan) { target = .named(plan.blocks.map(\.sum)) }
}
