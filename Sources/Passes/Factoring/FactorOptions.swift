/// How much low-rank factorisation takes away.
public struct FactorOptions: Sendable {
  /// How much.
  public enum Target: Hashable, Sendable {
    /// Each layer loses this fraction of its multiply-accumulates, 0 to 1.
    case ratio(Double)
    /// Single layers, by their labels, lose these fractions, and the others stay whole.
    case layers([String: Double])
    /// At most this fraction of the model's multiply-accumulates stays, 0 to 1; ranks are chosen so
    /// that least of what the layers make is lost.
    case macs(Double)
    /// The same for a number of multiply-accumulates, those of one sample.
    case total(Int)
  }

  /// How much.
  public var target: Target
  /// Names or patterns (`*` and `?`) of nodes, values or operators that stay as they are.
  public var keep: [String] = []

  /// Options with defaults for everything but the target.
  public init(target: Target) { self.target = target }
}
