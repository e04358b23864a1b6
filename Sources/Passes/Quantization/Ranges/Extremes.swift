internal import Kernels

/// The least and the greatest finite value, (∞, -∞) when there is none, and whether all are finite.
func extremes(_ values: UnsafeBufferPointer<Float>) -> (Float, Float, Bool) {
  let parts = inParts(values) { plainExtremes($0) }
  let low = parts.reduce(Float.infinity) { min($0, $1.low) }
  let high = parts.reduce(-Float.infinity) { max($0, $1.high) }
  if low.isFinite, high.isFinite, !parts.contains(where: \.hasNaN) { return (low, high, true) }
  // Something is not finite: look at each value by itself.
  var (least, most) = (Float.infinity, -Float.infinity)
  for value in values where value.isFinite {
    least = min(least, value)
    most = max(most, value)
  }
  return (least, most, values.isEmpty)
}

/// What a function says of parts of the values, computed side by side; in the order of the parts.
///
/// - Parameter length: how many values a part has at most.
func inParts<T>(
  _ values: UnsafeBufferPointer<Float>, length: Int = 1 << 16,
  _ body: (UnsafeBufferPointer<Float>) -> T
) -> [T] {
  let count = max(1, (values.count + length - 1) / length)
  guard count > 1 else { return [body(values)] }
  return [T](unsafeUninitializedCapacity: count) { parts, initialized in
    parallel(count, grain: 1) { range in
      for part in range {
        let own = part * length..<min((part + 1) * length, values.count)
        parts.initializeElement(at: part, to: body(UnsafeBufferPointer(rebasing: values[own])))
      }
    }
    initialized = count
  }
}

private struct PlainExtremes: Sendable {
  var low: Float
  var high: Float
  var hasNaN: Bool
}

private func plainExtremes(_ values: UnsafeBufferPointer<Float>) -> PlainExtremes {
  var lows = SIMD8<Float>(repeating: .infinity)
  var highs = SIMD8<Float>(repeating: -.infinity)
  // Comparisons pass over what is no number; a sum does not.
  var sums = SIMD8<Float>.zero
  var index = 0
  while index + 8 <= values.count {
    var lanes = SIMD8<Float>.zero
    for lane in 0..<8 { lanes[lane] = values[index + lane] }
    lows.replace(with: lanes, where: lanes .< lows)
    highs.replace(with: lanes, where: lanes .> highs)
    sums += lanes * 0
    index += 8
  }
  var low = lows.min(), high = highs.max(), sum = sums.sum()
  while index < values.count {
    low = min(low, values[index])
    high = max(high, values[index])
    sum += values[index] * 0
    index += 1
  }
  return PlainExtremes(low: low, high: high, hasNaN: sum.isNaN)
}
