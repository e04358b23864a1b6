/// Writes whether each float or double is of one of the given kinds, as bools. Returns false for
/// other types.
package func classify(
  _ x: Source, nan: Bool = false, negativeInfinity: Bool = false, positiveInfinity: Bool = false,
  into y: Target
) -> Bool {
  guard y.scalar == .bool, x.count == y.count else { return false }
  func run<T: BinaryFloatingPoint>(_ type: T.Type) {
    overChunks(x, y, type, UInt8.self) {
      each($0, $1, $2) { x in
        (nan && x != x) || (negativeInfinity && x == -T.infinity)
          || (positiveInfinity && x == T.infinity) ? 1 : 0
      }
    }
  }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  default: return false
  }
  return true
}
