/// The factor L of a symmetric positive definite matrix A = L·Lᵀ, in double precision.
package struct Cholesky {
  private let size: Int
  /// Row-major; only what is on and below the diagonal counts.
  private var rows: [Double]

  /// Factors a matrix, row-major; nil when it is not positive definite.
  package init?(_ matrix: [Double], size: Int) {
    guard matrix.count == size * size else { return nil }
    self.size = size
    rows = matrix
    let isDefinite = rows.withUnsafeMutableBufferPointer { rows -> Bool in
      guard let base = rows.baseAddress else { return true }
      for i in 0..<size {
        let row = base + i * size
        for j in 0..<i {
          let other = base + j * size
          row[j] = (row[j] - dot(row, other, j)) / other[j]
        }
        let pivot = row[i] - dot(row, row, i)
        guard pivot > 0, pivot.isFinite else { return false }
        row[i] = pivot.squareRoot()
      }
      return true
    }
    guard isDefinite else { return nil }
  }

  /// An element on or below the diagonal of L.
  package subscript(row: Int, column: Int) -> Double { rows[row * size + column] }

  /// Solves A·x = b for several b, one a row; the solutions take their places.
  package func solve(_ sides: inout [Double]) {
    guard size > 0, sides.count.isMultiple(of: size) else { return }
    // Upwards, too, rows of the factor are read one after the other.
    rows.withUnsafeBufferPointer { rows in
      sides.withUnsafeMutableBufferPointer { sides in
        guard let l = rows.baseAddress, let base = sides.baseAddress else { return }
        parallel(sides.count / size, grain: max(1, (1 << 16) / (size * size))) { range in
          for side in range {
            let x = base + side * size
            for i in 0..<size { x[i] = (x[i] - dot(l + i * size, x, i)) / l[i * size + i] }
            for i in (0..<size).reversed() {
              x[i] /= l[i * size + i]
              let factor = x[i], row = l + i * size
              for j in 0..<i { x[j] -= factor * row[j] }
            }
          }
        }
      }
    }
  }
}

/// The sum of products of the first `count` elements, in eight interleaved parts whose order is
/// fixed.
private func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
  var sum = SIMD8<Double>.zero
  let (x, y) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
  var i = 0
  while i + 8 <= count {
    sum +=
      x.loadUnaligned(fromByteOffset: i * 8, as: SIMD8<Double>.self)
      * y.loadUnaligned(fromByteOffset: i * 8, as: SIMD8<Double>.self)
    i += 8
  }
  var total = sum.sum()
  while i < count {
    total += a[i] * b[i]
    i += 1
  }
  return total
}
