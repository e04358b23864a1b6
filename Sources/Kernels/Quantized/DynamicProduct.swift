/// A weight [k, n] of 8-bit integers, by which rows of floats are multiplied that are quantized to
/// uint8 over the range of all of them on the way.
package struct DynamicProduct {
  /// int32, the zero-points taken off.
  private let weight: Source
  /// One for all columns, or one for each.
  private let scales: [Float]
  private let k, n: Int

  /// - Parameters:
  ///   - weight: [k, n] in int32, the zero-points taken off; it outlives this.
  ///   - scales: one, or `n`.
  /// - Returns: nil when types or counts do not fit.
  package init?(_ weight: Source, scales: [Float]) {
    guard weight.scalar == .int32, weight.shape.count == 2,
      scales.count == 1 || scales.count == weight.shape[1]
    else { return nil }
    (self.weight, self.scales) = (weight, scales)
    (k, n) = (weight.shape[0], weight.shape[1])
  }

  /// Whether the weight has such a shape.
  func has(_ shape: [Int]) -> Bool { weight.shape == shape }

  /// `y = x·weight` for `x` [rows, k] and `y` [rows, n].
  func run(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(1, rows * k)) { codes in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(1, rows * (k + n))) { integers in
        guard let codes = codes.baseAddress, let a = integers.baseAddress else { return }
        let (scale, zero) = quantizeDynamically(
          UnsafeBufferPointer(start: x, count: rows * k), into: codes)
        for i in 0..<rows * k { (a + i).initialize(to: Int32(codes[i]) - Int32(zero)) }
        let sums = a + rows * k
        func bytes(_ start: UnsafeMutablePointer<Int32>, _ count: Int)
          -> UnsafeMutableRawBufferPointer
        {
          UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: start, count: count))
        }
        _ = matrixProduct(
          MatrixProductShape(m: rows, n: n, k: k),
          Source(.int32, [rows, k], UnsafeRawBufferPointer(bytes(a, rows * k))), weight,
          into: Target(.int32, [rows, n], bytes(sums, rows * n)))
        for row in 0..<rows {
          for column in 0..<n {
            let factor = scale * scales[scales.count == 1 ? 0 : column]
            y[row * n + column] = Float(sums[row * n + column]) * factor
          }
        }
      }
    }
  }
}
