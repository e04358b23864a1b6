private import Synchronization

/// `aᵀ·b` for matrices of floats that lie row by row, on the calling thread alone: the arguments are the
/// lengths of the result and the number of rows, then each matrix with the distance of its rows. False
/// where that fails.
package typealias ColumnProduct =
  @Sendable (
    _ size: (m: Int, n: Int, rows: Int),
    _ a: (start: UnsafePointer<Float>, stride: Int),
    _ b: (start: UnsafePointer<Float>, stride: Int),
    _ y: (start: UnsafeMutablePointer<Float>, stride: Int)
  ) -> Bool

/// Products of columns, from which sums over many rows are made.
package enum ColumnProducts {
  /// Rows of a result that are worked out at a time; how many does not depend on the threads.
  private static let tile = 96

  /// Adds `aᵀ·b`, worked out in float, to sums in double.
  ///
  /// - Parameters:
  ///   - a: rows of m elements.
  ///   - b: as many rows of n elements; nil for `a` itself.
  ///   - way: how products are worked out; nil for the kernels'.
  ///   - sums: m rows of n elements.
  package static func add(
    _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>? = nil, rows: Int,
    by way: ColumnProduct?, to sums: inout [Double]
  ) {
    guard rows > 0, let left = a.baseAddress, let right = (b ?? a).baseAddress else { return }
    let m = a.count / rows, n = (b ?? a).count / rows
    guard m > 0, n > 0, sums.count == m * n else { return }
    let isSquare = b == nil
    let part = UnsafeMutablePointer<Float>.allocate(capacity: m * n)
    defer { part.deallocate() }
    /// The first column of a square that is worked out in a row: what lies further to the left is what
    /// lies as far below the diagonal.
    func start(_ row: Int) -> Int { isSquare ? row / tile * tile : 0 }
    let fails = Atomic<Bool>(way == nil)
    if let way {
      parallel((m + tile - 1) / tile, grain: 1) { range in
        for first in range.lazy.map({ $0 * tile }) {
          let left = left + first, right = right + start(first)
          let isDone = way(
            (min(tile, m - first), n - start(first), rows), (left, m), (right, n),
            (part + first * n + start(first), n))
          if !isDone { fails.store(true, ordering: .relaxed) }
        }
      }
    }
    if fails.load(ordering: .relaxed) {
      var shape = MatrixProductShape(m: m, n: n, k: rows)
      shape.transposedA = true
      _ = matrixProduct(
        shape, Source(.float, [rows, m], UnsafeRawBufferPointer(a)),
        Source(.float, [rows, n], UnsafeRawBufferPointer(b ?? a)),
        into: Target(
          .float, [m, n],
          UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: part, count: m * n))))
    }
    sums.withUnsafeMutableBufferPointer { sums in
      guard let sums = sums.baseAddress else { return }
      parallel(m, grain: max(1, (1 << 16) / n)) { range in
        for row in range {
          let line = sums + row * n, from = start(row)
          for column in 0..<from { line[column] += Double(part[column * n + row]) }
          for column in from..<n { line[column] += Double(part[row * n + column]) }
        }
      }
    }
  }
}
