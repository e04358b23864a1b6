/// The cotangent of what was resized (`interpolate`) from that of the result, `g`: along each axis in turn
/// an element gives its cotangent to those that it was combined of, by their weights. In float or
/// double; false for other element types.
///
/// - Parameter taps: what each index of the result combines along an axis; nil where the axis stayed
///   as it was.
package func interpolationGradient(_ g: Source, taps: [Taps?], into y: Target) -> Bool {
  guard g.scalar == y.scalar, g.shape.count == taps.count, y.shape.count == taps.count else {
    return false
  }
  switch g.scalar {
  case .float: run(Float.self, g, taps, y)
  case .double: run(Double.self, g, taps, y)
  default: return false
  }
  return true
}

private func run<T: BinaryFloatingPoint & BitwiseCopyable>(
  _ type: T.Type, _ g: Source, _ taps: [Taps?], _ y: Target
) {
  var numbers = Array(g.elements(type)), shape = g.shape
  for (axis, taps) in taps.enumerated() {
    guard let taps else { continue }
    let outer = shape[..<axis].reduce(1, *), inner = shape[(axis + 1)...].reduce(1, *)
    let length = y.shape[axis]
    var sums = [T](repeating: 0, count: outer * length * inner)
    for block in 0..<outer {
      for index in 0..<taps.count {
        let from = (block * taps.count + index) * inner
        for tap in index * taps.width..<(index + 1) * taps.width {
          let weight = T(taps.weights[tap])
          guard weight != 0 else { continue }
          let to = (block * length + taps.indices[tap]) * inner
          for i in 0..<inner { sums[to + i] += weight * numbers[from + i] }
        }
      }
    }
    numbers = sums
    shape[axis] = length
  }
  _ = y.elements(type).update(fromContentsOf: numbers)
}
