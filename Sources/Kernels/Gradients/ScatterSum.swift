/// Zeros, to which each element of `x` is added at its place; places below 0 are left out. In float
/// or double; false for other element types.
package func scatterSum(
  _ x: Source, _ places: UnsafeMutableBufferPointer<Int64>, into y: Target
) -> Bool {
  func run<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) {
    let from = x.elements(type), to = y.elements(type)
    to.initialize(repeating: 0)
    for i in from.indices where places[i] >= 0 && places[i] < to.count {
      to[Int(places[i])] += from[i]
    }
  }
  guard x.scalar == y.scalar, places.count == x.count else { return false }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  default: return false
  }
  return true
}

/// Zeros, to which slices are added at indices along an axis; `x` has one slice an index.
///
/// - Parameters:
///   - outer: the elements before the axis, `length` its own, `inner` those behind it.
/// - Returns: false for other element types than float and double.
package func scatterSlices(
  _ x: Source, _ indices: [Int], outer: Int, length: Int, inner: Int, into y: Target
) -> Bool {
  func run<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) {
    let from = x.elements(type), to = y.elements(type)
    to.initialize(repeating: 0)
    for block in 0..<outer {
      for (place, index) in indices.enumerated() {
        let source = (block * indices.count + place) * inner
        let target = (block * length + index) * inner
        for i in 0..<inner { to[target + i] += from[source + i] }
      }
    }
  }
  guard x.scalar == y.scalar, x.count == outer * indices.count * inner,
    y.count == outer * length * inner
  else { return false }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  default: return false
  }
  return true
}
