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

  /// Against which channels a channel competes.
  public enum Scope: String, Sendable, CaseIterable {
    /// Those of its own group, each of which loses the same fraction.
    case local
    /// Those of all groups.
    case global
  }

  /// How much to remove.
  public var target: Target
  /// Against which channels a channel competes.
  public var scope = Scope.local
  /// Widths are rounded to the nearest multiple of this number.
  public var roundTo = 1
  /// No group is left with fewer channels than this, if it has as many.
  public var minChannels = 1
  /// No group loses more than this fraction of its channels.
  public var maxRatio = 1.0
  /// Names or patterns (`*` and `?`) of weights, nodes, values or operators whose channels stay.
  public var keep: [String] = []
  /// Whether channels stay whose weights a caller may override, because they are inputs of the graph
  /// too (from IR version 4 on).
  public var freezesOverridable = false

  /// Options with defaults for everything but the target.
  public init(target: Target) { self.target = target }
}
