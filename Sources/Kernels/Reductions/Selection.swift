/// Writes the index of the largest (or smallest) element along the middle axis of a tensor seen as
/// [outer, length, inner]; of equal ones the first, or the last on request.
///
/// - Parameters:
///   - length: at least 1.
///   - target: `outer * inner` indices.
package func indexOfExtreme(
  _ source: Source, outer: Int, length: Int, inner: Int, largest: Bool, takesLast: Bool,
  into target: UnsafeMutablePointer<Int64>
) {
  source.scalar.run(
    ExtremeBody(
      bytes: source.bytes, outer: outer, length: length, inner: inner, largest: largest,
      takesLast: takesLast, target: target))
}

private struct ExtremeBody: NumericBody {
  let bytes: UnsafeRawBufferPointer
  let outer, length, inner: Int
  let largest, takesLast: Bool
  let target: UnsafeMutablePointer<Int64>

  func callAsFunction<T: Comparable & Numeric & BitwiseCopyable>(_ type: T.Type) {
    guard outer * inner > 0, let base = bytes.bindMemory(to: T.self).baseAddress else { return }
    parallel(outer * inner, grain: max(1, 65536 / length)) { range in
      for line in range {
        let (block, column) = line.quotientAndRemainder(dividingBy: inner)
        let from = base + block * length * inner + column
        var best = from.pointee
        var place = 0
        for i in 1..<max(1, length) {
          let value = from[i &* inner]
          if largest ? value > best : value < best {
            best = value
            place = i
          } else if takesLast && value == best {
            place = i
          }
        }
        target[line] = Int64(place)
      }
    }
  }
}

/// The `count` largest (or smallest) elements along the middle axis of a tensor seen as
/// [outer, length, inner], in order, and their indices. Equal elements go by rising index.
package func topElements(
  _ source: Source, outer: Int, length: Int, inner: Int, count: Int, largest: Bool,
  values: UnsafeMutableRawPointer, indices: UnsafeMutablePointer<Int64>
) {
  source.scalar.run(
    TopBody(
      bytes: source.bytes, outer: outer, length: length, inner: inner, count: count,
      largest: largest, values: values, indices: indices))
}

private struct TopBody: NumericBody {
  let bytes: UnsafeRawBufferPointer
  let outer, length, inner, count: Int
  let largest: Bool
  let values: UnsafeMutableRawPointer
  let indices: UnsafeMutablePointer<Int64>

  func callAsFunction<T: Comparable & Numeric & BitwiseCopyable>(_ type: T.Type) {
    guard outer * inner > 0, count > 0, let base = bytes.bindMemory(to: T.self).baseAddress else {
      return
    }
    let values = values.assumingMemoryBound(to: T.self)
    parallel(outer * inner, grain: max(1, 16384 / length)) { range in
      for line in range {
        let (block, column) = line.quotientAndRemainder(dividingBy: inner)
        let from = base + block * length * inner + column
        let places = (0..<length).sorted { i, j in
          let a = from[i * inner]
          let b = from[j * inner]
          if a == b { return i < j }
          return largest ? a > b : a < b
        }
        for rank in 0..<count {
          let to = (block * count + rank) * inner + column
          values[to] = from[places[rank] * inner]
          indices[to] = Int64(places[rank])
        }
      }
    }
  }
}

/// The coordinates of all elements that are not zero, one column an element, in row-major order.
///
/// - Returns: for each such element its offset.
package func offsetsOfNonZero(_ source: Source) -> [Int] {
  let body = NonZeroBody(bytes: source.bytes)
  source.scalar.run(body)
  return body.found.offsets
}

private struct NonZeroBody: NumericBody {
  final class Found { var offsets: [Int] = [] }
  let bytes: UnsafeRawBufferPointer
  let found = Found()

  func callAsFunction<T: Comparable & Numeric & BitwiseCopyable>(_ type: T.Type) {
    var offsets: [Int] = []
    for (offset, value) in bytes.bindMemory(to: T.self).enumerated() where value != 0 {
      offsets.append(offset)
    }
    found.offsets = offsets
  }
}
