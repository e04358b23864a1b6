/// The least and the greatest finite value, (∞, -∞) when there is none, and whether all are finite.
func extremes(_ values: UnsafeBufferPointer<Float>) -> (Float, Float, Bool) {
  var lows = SIMD8<Float>(repeating: .infinity)
  var highs = SIMD8<Float>(repeating: -.infinity)
  var index = 0
  while index + 8 <= values.count {
    var lanes = SIMD8<Float>.zero
    for lane in 0..<8 { lanes[lane] = values[index + lane] }
    lows = pointwiseMin(lows, lanes)
    highs = pointwiseMax(highs, lanes)
    index += 8
  }
  var low = lows.min(), high = highs.max()
  while index < values.count {
    low = min(low, values[index])
    high = max(high, values[index])
    index += 1
  }
  if low.isFinite, high.isFinite, !hasNaN(values) { return (low, high, true) }
  // Something is not finite: look at each value by itself.
  (low, high) = (.infinity, -.infinity)
  for value in values where value.isFinite {
    low = min(low, value)
    high = max(high, value)
  }
  return (low, high, values.isEmpty)
}

/// Comparisons pass over what is no number.
private func hasNaN(_ values: UnsafeBufferPointer<Float>) -> Bool {
  var sums = SIMD8<Float>.zero
  var index = 0
  while index + 8 <= values.count {
    var lanes = SIMD8<Float>.zero
    for lane in 0..<8 { lanes[lane] = values[index + lane] }
    sums += lanes * 0
    index += 8
  }
  var sum = sums.sum()
  while index < values.count {
    sum += values[index] * 0
    index += 1
  }
  return sum.isNaN
}
