/// What a linear layer loses when inputs go, one after another, and those that stay are given the weights
/// that make up for them best.
///
/// With C the covariance of the inputs that may go, given those that stay in any case, in the order in
/// which they stay longest, and C = L·Lᵀ, the covariance of the last inputs given all before them is
/// R·Rᵀ with R the lower right corner of L. So with M = Σ w·wᵀ over the rows w of the weight, the loss
/// tr(R·Rᵀ·M) when inputs from number k on go is the sum from k on of what the columns of L contribute,
/// l·M·l: one factorisation serves every number of inputs.
package struct RemovalErrors: Sendable {
  /// For each number of inputs that stay, 0 to all, the loss with the weights that make up for it best.
  package let refitted: [Double]
  /// The same where weights stay as they are and what goes is zero.
  package let masked: [Double]

  /// - Parameters:
  ///   - covariance: of the inputs that may go, given the others, row-major.
  ///   - moments: E[x·xᵀ] of the same inputs, about zero.
  ///   - weights: M.
  ///   - order: numbers of the inputs, those that stay longest first.
  /// - Returns: nil where the covariance is not positive definite.
  package init?(
    covariance: [Double], moments: [Double], weights: [Double], order: [Int]
  ) {
    let n = order.count
    guard n > 0, [covariance, moments, weights].allSatisfy({ $0.count == n * n }) else {
      return nil
    }
    func ordered(_ matrix: [Double]) -> [Double] {
      order.flatMap { i in order.map { j in matrix[i * n + j] } }
    }
    guard let factor = Cholesky(ordered(covariance), size: n) else { return nil }
    let m = ordered(weights)
    var lower = [Double](repeating: 0, count: n * n)
    for i in 0..<n { for j in 0...i { lower[i * n + j] = factor[i, j] } }
    let product = Self.product(m, lower, n)
    var refitted = [Double](repeating: 0, count: n + 1)
    var parts = [Double](repeating: 0, count: n)
    for i in 0..<n { for c in 0...i { parts[c] += lower[i * n + c] * product[i * n + c] } }
    for k in (0..<n).reversed() { refitted[k] = refitted[k + 1] + max(parts[k], 0) }
    let second = ordered(moments)
    var masked = [Double](repeating: 0, count: n + 1)
    for k in (0..<n).reversed() {
      // Row and column k join those that go.
      var added = m[k * n + k] * second[k * n + k]
      for j in (k + 1)..<n { added += 2 * m[k * n + j] * second[k * n + j] }
      masked[k] = masked[k + 1] + added
    }
    self.refitted = refitted
    self.masked = masked.map { max($0, 0) }
  }

  private static func product(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
    var result = [Double](repeating: 0, count: n * n)
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        result.withUnsafeMutableBytes { result in
          _ = matrixProduct(
            MatrixProductShape(m: n, n: n, k: n), Source(.double, [n, n], a),
            Source(.double, [n, n], b), into: Target(.double, [n, n], result))
        }
      }
    }
    return result
  }
}
