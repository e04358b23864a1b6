/// Turns pairs of elements by angles whose cosines and sines are given: a row of rotary embedding.
///
/// - Parameters:
///   - half: the number of pairs; elements beyond the pairs stay as they are.
///   - interleaved: whether pairs lie side by side, rather than one half after the other.
package func rotatePairs(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, width: Int, half: Int,
  cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>, interleaved: Bool
) {
  let (step, gap) = interleaved ? (2, 1) : (1, half)
  for i in 0..<half {
    let a = x[i * step], b = x[i * step + gap]
    y[i * step] = cosines[i] * a - sines[i] * b
    y[i * step + gap] = sines[i] * a + cosines[i] * b
  }
  for i in 2 * half..<max(width, 2 * half) { y[i] = x[i] }
}
