/// What a step of Adam with decoupled decay does to numbers (Kingma and Ba, 2015; Loshchilov and
/// Hutter, 2019).
package struct AdamStep: Sendable {
  package var rate: Float
  package var decay: Float
  package var first: Float
  package var second: Float
  package var epsilon: Float
  /// `1 - firstᵗ` and `1 - secondᵗ` of step t.
  package var corrections: (first: Float, second: Float)

  package init(
    rate: Float, step: Int, decay: Float = 0, first: Float = 0.9, second: Float = 0.999,
    epsilon: Float = 1e-8
  ) {
    self.rate = rate
    self.decay = decay
    self.first = first
    self.second = second
    self.epsilon = epsilon
    var powers: (Float, Float) = (1, 1)
    for _ in 0..<min(step, 100_000) { powers = (powers.0 * first, powers.1 * second) }
    corrections = (1 - powers.0, 1 - powers.1)
  }

  /// Moves numbers against their gradients; moments are kept from step to step. All have the same
  /// length.
  package func run(
    _ values: inout [Float], _ gradients: [Float], moments m: inout [Float],
    squares v: inout [Float]
  ) {
    let count = min(values.count, gradients.count, m.count, v.count)
    let rate = rate / corrections.first, scale = 1 / corrections.second
    values.withUnsafeMutableBufferPointer { values in
      m.withUnsafeMutableBufferPointer { m in
        v.withUnsafeMutableBufferPointer { v in
          gradients.withUnsafeBufferPointer { g in
            for i in 0..<count {
              m[i] += (1 - first) * (g[i] - m[i])
              v[i] += (1 - second) * (g[i] * g[i] - v[i])
              let root = (v[i] * scale).squareRoot() + epsilon
              values[i] -= rate * m[i] / root + self.rate * decay * values[i]
            }
          }
        }
      }
    }
  }
}

/// Moves numbers against their gradients with momentum (stochastic gradient descent).
package func momentumStep(
  _ values: inout [Float], _ gradients: [Float], velocity m: inout [Float], rate: Float,
  momentum: Float, decay: Float
) {
  for i in 0..<min(values.count, gradients.count, m.count) {
    m[i] = momentum * m[i] + gradients[i] + decay * values[i]
    values[i] -= rate * m[i]
  }
}

/// Adds numbers times a factor to others; false where a sum is not finite.
package func accumulate(_ x: UnsafeBufferPointer<Float>, into y: inout [Float], factor: Float)
  -> Bool
{
  y.withUnsafeMutableBufferPointer { y in
    var isFinite = true
    for i in 0..<min(x.count, y.count) {
      y[i] += factor * x[i]
      isFinite = isFinite && y[i].isFinite
    }
    return isFinite
  }
}
