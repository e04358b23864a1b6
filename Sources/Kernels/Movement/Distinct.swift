/// Which slices of a tensor are equal.
package struct DistinctSlices: Sendable {
  /// The first index of each different slice.
  package var first: [Int] = []
  /// For each slice, which of the different ones it is.
  package var membership: [Int] = []
  /// How often each occurs.
  package var counts: [Int] = []
}

/// The different slices along the middle axis of a tensor seen as [outer, length, inner], by rising
/// elements where `sorted`, else in the order in which they come first.
package func distinctSlices(
  _ x: Source, outer: Int, length: Int, inner: Int, sorted: Bool
) -> DistinctSlices {
  let body = DistinctBody(
    bytes: x.bytes, outer: outer, length: length, inner: inner, sorted: sorted)
  x.scalar.run(body)
  return body.found.slices
}

private struct DistinctBody: NumericBody {
  final class Found { var slices = DistinctSlices() }
  let bytes: UnsafeRawBufferPointer
  let outer, length, inner: Int
  let sorted: Bool
  let found = Found()

  func callAsFunction<T: Comparable & Numeric & BitwiseCopyable>(_ type: T.Type) {
    let x = bytes.base(type)
    /// Negative, 0 or positive as the slices rise, are equal or fall.
    func order(_ a: Int, _ b: Int) -> Int {
      for block in 0..<outer {
        let left = x + (block * length + a) * inner, right = x + (block * length + b) * inner
        for i in 0..<inner {
          let order = totalOrder(left[i], right[i])
          if order != 0 { return order }
        }
      }
      return 0
    }
    let indices = (0..<length).sorted { a, b in
      let order = order(a, b)
      return order != 0 ? order < 0 : a < b
    }
    var slices = DistinctSlices()
    slices.membership = [Int](repeating: 0, count: length)
    for (position, index) in indices.enumerated() {
      if position == 0 || order(indices[position - 1], index) != 0 {
        slices.first.append(index)
        slices.counts.append(0)
      }
      slices.membership[index] = slices.first.count - 1
      slices.counts[slices.counts.count - 1] += 1
    }
    if !sorted {
      let ranks = slices.first.indices.sorted { slices.first[$0] < slices.first[$1] }
      var renumbered = [Int](repeating: 0, count: ranks.count)
      for (new, old) in ranks.enumerated() { renumbered[old] = new }
      slices.first = ranks.map { slices.first[$0] }
      slices.counts = ranks.map { slices.counts[$0] }
      slices.membership = slices.membership.map { renumbered[$0] }
    }
    found.slices = slices
  }
}

/// Negative, 0 or positive as elements rise, are equal or fall; what is no number comes last.
@inline(__always)
private func totalOrder<T: Comparable>(_ a: T, _ b: T) -> Int {
  if a == b { return 0 }
  if a < b { return -1 }
  if a > b { return 1 }
  return (a != a) == (b != b) ? 0 : (a != a ? 1 : -1)
}
