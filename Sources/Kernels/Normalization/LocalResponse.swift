private import Glibc

/// Local response normalisation over channels: `x / (bias + alpha/size·Σx²)^beta`, the sum over the
/// `size` neighbouring channels. `x` is [batch, channels, inner]. Floats and doubles only.
package func localResponse(
  _ x: Source, batch: Int, channels: Int, inner: Int, size: Int, alpha: Double, beta: Double,
  bias: Double, into y: Target
) -> Bool {
  guard x.scalar == y.scalar, x.count == y.count, x.count == batch * channels * inner, size > 0
  else { return false }
  switch x.scalar {
  case .float: localResponse(x, batch, channels, inner, size, alpha, beta, bias, y, Float.self)
  case .double: localResponse(x, batch, channels, inner, size, alpha, beta, bias, y, Double.self)
  default: return false
  }
  return true
}

private func localResponse<T: BinaryFloatingPoint & BitwiseCopyable>(
  _ x: Source, _ batch: Int, _ channels: Int, _ inner: Int, _ size: Int, _ alpha: Double,
  _ beta: Double, _ bias: Double, _ y: Target, _: T.Type
) {
  guard let from = x.elements(T.self).baseAddress, let to = y.elements(T.self).baseAddress else {
    return
  }
  let before = (size - 1) / 2, after = size - 1 - before
  let factor = alpha / Double(size)
  parallel(batch * channels, grain: max(1, (1 << 12) / max(1, inner))) { rows in
    let sums = UnsafeMutablePointer<Double>.allocate(capacity: inner)
    defer { sums.deallocate() }
    for row in rows {
      let c = row % channels
      let last = after < channels - c ? c + after : channels - 1
      sums.update(repeating: 0, count: inner)
      for other in max(0, c - before)...last {
        let line = from + (row - c + other) * inner
        for i in 0..<inner { sums[i] += Double(line[i]) * Double(line[i]) }
      }
      let line = from + row * inner, out = to + row * inner
      for i in 0..<inner {
        let base = bias + factor * sums[i]
        // AlexNet's exponent, the common one, is two square roots.
        let power = beta == 0.75 ? (base * base.squareRoot()).squareRoot() : pow(base, beta)
        out[i] = T(Double(line[i]) / power)
      }
    }
  }
}
