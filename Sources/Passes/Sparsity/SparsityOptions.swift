/// How many elements of the weights become zero, and by which measure.
public struct SparsityOptions: Sendable {
  /// How much.
  public enum Target: Hashable, Sendable {
    /// This fraction of the elements, 0 to 1, wherever they lie.
    case ratio(Double)
    /// All but `kept` of every `of` elements that follow each other along the axis summed over.
    case pattern(kept: Int, of: Int)
  }

  /// What makes an element important.
  public enum Importance: String, Sendable, CaseIterable {
    /// Its magnitude.
    case magnitude
    /// Its magnitude times the L2 norm, on calibration data, of the channel that it is multiplied
    /// with (Wanda).
    case wanda
  }

  /// Against which elements an element competes where a ratio is asked for.
  public enum Competition: String, Sendable, CaseIterable {
    /// Those of its weight; by Wanda's measure those that make the same output.
    case local
    /// Those of all weights; by magnitude only.
    case global
  }

  /// How much.
  public var target: Target
  /// What makes an element important.
  public var importance = Importance.magnitude
  /// Against which elements an element competes.
  public var competition = Competition.local
  /// Names or patterns (`*` and `?`) of weights, nodes, values or operators that stay as they are.
  public var keep: [String] = []

  /// Options with defaults for everything but the target.
  public init(target: Target) { self.target = target }
}

extension SparsityOptions.Target: CustomStringConvertible {
  /// As on the command line: `0.5` or `2:4`.
  public var description: String {
    switch self {
    case .ratio(let ratio): "\(ratio)"
    case .pattern(let kept, let count): "\(kept):\(count)"
    }
  }

  /// Reads a pattern such as `2:4`; nil for other text.
  public init?(pattern: String) {
    let parts = pattern.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let kept = parts[0], let count = parts[1], kept >= 0, count > 0,
      kept <= count
    else { return nil }
    self = .pattern(kept: kept, of: count)
  }
}
