/// The lengths and strides of a product of matrices, `batches` times `[m, k] · [k, n]`.
package struct MatrixProductShape: Sendable, Hashable {
  package var m: Int
  package var n: Int
  package var k: Int
  /// Whether the left matrix lies in memory as `[k, m]`.
  package var transposedA = false
  /// Whether the right matrix lies in memory as `[n, k]`.
  package var transposedB = false
  /// Which of its matrices each operand uses for each product; the outputs lie one after another.
  package var batchesA = [0]
  package var batchesB = [0]

  package init(m: Int, n: Int, k: Int) {
    self.m = m
    self.n = n
    self.k = k
  }

  /// The number of products.
  package var batches: Int { batchesA.count }
}

/// Products of matrices in float, double, and 32- and 64-bit integers.
///
/// Each sum runs over `k` in ascending order, whatever the number of threads.
/// - Returns: false for other element types.
package func matrixProduct(
  _ shape: MatrixProductShape, _ a: Source, _ b: Source, into y: Target
) -> Bool {
  guard a.scalar == b.scalar, a.scalar == y.scalar else { return false }
  func run<T: Accumulator>(_ type: T.Type) {
    matrixProduct(shape, a.bytes.base(T.self), b.bytes.base(T.self), y.bytes.base(T.self))
  }
  switch a.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  case .int32, .uint32: run(Int32.self)
  case .int64, .uint64: run(Int64.self)
  default: return false
  }
  return true
}

private func matrixProduct<T: Accumulator>(
  _ shape: MatrixProductShape, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>,
  _ y: UnsafeMutablePointer<T>
) {
  let (m, n, k) = (shape.m, shape.n, shape.k)
  guard shape.transposedB else { return multiplyTiles(shape, a, b, y) }
  // Rows of b are read one after another in the inner loop, so a transposed b is turned first.
  let matrices = (shape.batchesB.max() ?? 0) + 1
  let turned = UnsafeMutablePointer<T>.allocate(capacity: max(1, matrices * n * k))
  defer { turned.deallocate() }
  for matrix in 0..<matrices {
    let (from, to) = (b + matrix * n * k, turned + matrix * n * k)
    parallel(k, grain: max(1, 1 << 16 / max(1, n))) { range in
      for row in range {
        for column in 0..<n { (to + row * n + column).initialize(to: from[column * k + row]) }
      }
    }
  }
  var plain = shape
  plain.transposedB = false
  plain.m = m
  multiplyTiles(plain, a, turned, y)
}

/// Tiles of the output, each summed up from rows of `b`; `b` is `[k, n]`.
private func multiplyTiles<T: Accumulator>(
  _ shape: MatrixProductShape, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>,
  _ y: UnsafeMutablePointer<T>
) {
  let (m, n, k) = (shape.m, shape.n, shape.k)
  let tileRows = 4, tileColumns = 256
  let across = (n + tileColumns - 1) / tileColumns, down = (m + tileRows - 1) / tileRows
  let tiles = across * down
  let (rowStride, columnStride) = shape.transposedA ? (1, m) : (k, 1)
  let work = max(1, tileRows * min(n, tileColumns) * max(1, k))
  parallel(shape.batches * tiles, grain: max(1, 1 << 16 / work)) { range in
    for index in range {
      let (batch, tile) = (index / tiles, index % tiles)
      let firstRow = tile / across * tileRows, firstColumn = tile % across * tileColumns
      let rows = min(tileRows, m - firstRow), columns = min(tileColumns, n - firstColumn)
      let left = a + shape.batchesA[batch] * m * k + firstRow * rowStride
      let right = b + shape.batchesB[batch] * k * n + firstColumn
      let target = y + (batch * m + firstRow) * n + firstColumn
      for row in 0..<rows {
        (target + row * n).initialize(repeating: .zero, count: columns)
      }
      if rows == tileRows {
        let (y0, y1, y2, y3) = (target, target + n, target + 2 * n, target + 3 * n)
        for p in 0..<k {
          let source = right + p * n, factors = left + p * columnStride
          let (a0, a1) = (factors[0], factors[rowStride])
          let (a2, a3) = (factors[2 * rowStride], factors[3 * rowStride])
          for i in 0..<columns {
            let value = source[i]
            y0[i] = T.sum(y0[i], a0, value)
            y1[i] = T.sum(y1[i], a1, value)
            y2[i] = T.sum(y2[i], a2, value)
            y3[i] = T.sum(y3[i], a3, value)
          }
        }
      } else {
        for row in 0..<rows {
          let sums = target + row * n
          for p in 0..<k {
            let source = right + p * n, factor = left[row * rowStride + p * columnStride]
            for i in 0..<columns { sums[i] = T.sum(sums[i], factor, source[i]) }
          }
        }
      }
    }
  }
}

/// `y = alpha·y + beta·c` for a matrix `y` and a `c` that broadcasts to it with the given strides
/// (0 along stretched axes): the second half of Gemm.
///
/// - Returns: false for other element types than the products take.
package func scaleAndAdd(
  alpha: Float, _ y: Target, beta: Float, c: Source?, rowStride: Int, columnStride: Int
) -> Bool {
  guard c.map({ $0.scalar == y.scalar }) ?? true else { return false }
  let columns = max(1, y.shape.last ?? 1)
  func floating<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) {
    let values = y.bytes.base(T.self), addends = c?.bytes.base(T.self)
    let (scale, weight) = (T(alpha), T(beta))
    for row in 0..<(y.bytes.count / MemoryLayout<T>.stride / columns) {
      let line = values + row * columns
      if scale != 1 { for i in 0..<columns { line[i] *= scale } }
      guard let addends else { continue }
      let other = addends + row * rowStride
      for i in 0..<columns { line[i] += weight * other[i * columnStride] }
    }
  }
  func whole<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) {
    let values = y.bytes.base(T.self), addends = c?.bytes.base(T.self)
    let (scale, weight) = (Double(alpha), Double(beta))
    let exact = scale == 1 && (addends == nil || weight == 1)
    for row in 0..<(y.bytes.count / MemoryLayout<T>.stride / columns) {
      let line = values + row * columns
      for i in 0..<columns {
        let addend = addends.map { $0[row * rowStride + i * columnStride] } ?? 0
        // Fractions are added up in double and cut towards zero at the end.
        line[i] =
          exact
          ? line[i] &+ addend
          : T(saturating: Double(line[i]) * scale + Double(addend) * weight)
      }
    }
  }
  switch y.scalar {
  case .float: floating(Float.self)
  case .double: floating(Double.self)
  case .int32: whole(Int32.self)
  case .uint32: whole(UInt32.self)
  case .int64: whole(Int64.self)
  case .uint64: whole(UInt64.self)
  default: return false
  }
  return true
}
