internal import Execution
internal import IR

extension Tensor {
  /// The sum of the distances of each slice along an axis to all others (FPGM: what lies near the
  /// geometric median of its layer is best replaced by the rest); nil for tensors without numbers.
  func distances(along axis: Int) -> [Double]? {
    guard let layout = SliceLayout(dimensions, .axis(axis)), let floats = floatStorage else {
      return nil
    }
    defer { storage?.releasePages() }
    return floats.withUnsafeBytes { bytes in
      bytes.baseAddress.map { layout.distances($0) } ?? [Double](repeating: 0, count: layout.count)
    }
  }
}

extension SliceLayout {
  /// So many distances are held at a time.
  private static let batch = 1 << 20

  fileprivate func distances(_ values: UnsafeRawPointer) -> [Double] {
    var results = [Double](repeating: 0, count: length)
    var pairs = [Double](repeating: 0, count: max(Self.batch, length))
    let rows = max(1, Self.batch / max(1, length))
    for first in stride(from: 0, to: length, by: rows) {
      let batch = first..<min(first + rows, length)
      pairs.withUnsafeMutableBufferPointer { pairs in
        let pairs = UnsafeMutableBufferPointer(rebasing: pairs[...])
        shareOut(batch.count, grain: 1) { range in
          for row in range {
            for other in 0..<first + row {
              pairs[row * length + other] = distance(values, first + row, other)
            }
          }
        }
      }
      // In one order, whatever thread found them.
      for (row, slice) in batch.enumerated() {
        for other in 0..<slice {
          results[slice] += pairs[row * length + other]
          results[other] += pairs[row * length + other]
        }
      }
    }
    return results
  }

  private func distance(_ values: UnsafeRawPointer, _ one: Int, _ other: Int) -> Double {
    let size = MemoryLayout<Float>.size
    var sum = 0.0
    for block in 0..<outer {
      let start = values + block * length * inner * size
      sum += squaredDistance(start + one * inner * size, start + other * inner * size, inner)
    }
    return sum.squareRoot()
  }
}

private func squaredDistance(
  _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int
) -> Double {
  let size = MemoryLayout<Float>.size
  var partial = SIMD8<Float>.zero
  var index = 0
  while index + 8 <= count {
    let difference =
      a.loadUnaligned(fromByteOffset: index * size, as: SIMD8<Float>.self)
      - b.loadUnaligned(fromByteOffset: index * size, as: SIMD8<Float>.self)
    partial += difference * difference
    index += 8
  }
  var total = 0.0
  for lane in 0..<8 { total += Double(partial[lane]) }
  while index < count {
    let difference =
      Double(a.loadUnaligned(fromByteOffset: index * size, as: Float.self))
      - Double(b.loadUnaligned(fromByteOffset: index * size, as: Float.self))
    total += difference * difference
    index += 1
  }
  return total
}
