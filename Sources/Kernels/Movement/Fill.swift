private import Glibc

/// Writes one element of `width` bytes `count` times.
package func fill(
  _ target: UnsafeMutableRawPointer, count: Int, width: Int, with element: UnsafeRawPointer
) {
  switch width {
  case 1: repeating(element.loadUnaligned(as: UInt8.self), count, target)
  case 2: repeating(element.loadUnaligned(as: UInt16.self), count, target)
  case 4: repeating(element.loadUnaligned(as: UInt32.self), count, target)
  default: repeating(element.loadUnaligned(as: UInt64.self), count, target)
  }
}

private func repeating<T: BitwiseCopyable>(
  _ element: T, _ count: Int, _ target: UnsafeMutableRawPointer
) {
  target.assumingMemoryBound(to: T.self).update(repeating: element, count: count)
}

/// Writes one element of `width` bytes at each of the given offsets, in elements.
package func write(
  _ element: UnsafeRawPointer, width: Int, at offsets: [Int],
  of target: UnsafeMutableRawPointer
) {
  for offset in offsets { memcpy(target + offset * width, element, width) }
}

/// Copies matrices and zeroes what lies below (or above) a diagonal.
///
/// - Parameters:
///   - diagonal: 0 for the main one, positive to its right.
///   - upper: keeps the diagonal and what lies above it; else the diagonal and what lies below.
package func keepTriangle(
  count: Int, rows: Int, columns: Int, diagonal: Int, upper: Bool, width: Int,
  from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer
) {
  parallel(count * rows, grain: max(1, 65536 / max(1, columns * width))) { range in
    for line in range {
      // Clamped first, so that no sum overflows.
      let first = line % rows + min(max(diagonal, -rows), columns)
      let kept =
        upper ? min(max(first, 0), columns)..<columns : 0..<min(max(first + 1, 0), columns)
      let start = line * columns * width
      memset(target + start, 0, columns * width)
      memcpy(
        target + start + kept.lowerBound * width, source + start + kept.lowerBound * width,
        kept.count * width)
    }
  }
}
