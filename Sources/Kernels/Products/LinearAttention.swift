private import Glibc

/// Attention without a softmax: a matrix of states for each head of the keys, which every position
/// updates and the queries read (https://onnx.ai/onnx/operators/onnx__LinearAttention.html).
package struct LinearAttentionShape: Sendable {
  package var batch: Int
  package var steps: Int
  package var queryHeads: Int
  package var keyHeads: Int
  /// Elements of a query or key.
  package var width: Int
  /// Elements of a value.
  package var valueWidth: Int

  package init(
    batch: Int, steps: Int, queryHeads: Int, keyHeads: Int, width: Int, valueWidth: Int
  ) {
    self.batch = batch
    self.steps = steps
    self.queryHeads = queryHeads
    self.keyHeads = keyHeads
    self.width = width
    self.valueWidth = valueWidth
  }
}

/// What updates the states, one row a position.
package struct LinearAttentionGates: Sendable {
  /// Logarithms of what states decay by, and how many a position has: one a head or one an element
  /// of the keys. Empty for none.
  package var decay: [Float] = []
  package var decayWidth = 0
  /// Rates at which states are corrected, and how many a position has: one or one a head. Empty where
  /// values are added as they are.
  package var rate: [Float] = []
  package var rateWidth = 0

  package init() {}
}

/// Runs the recurrence position by position.
///
/// - Parameters:
///   - q: `[batch, steps, queryHeads · width]`; `k` and `v` alike, with the heads of the keys.
///   - state: `[batch, keyHeads, width, valueWidth]`, changed to what it is after the last position.
/// - Returns: `[batch, steps, queryHeads · valueWidth]`.
package func linearAttention(
  _ shape: LinearAttentionShape, q: [Float], k: [Float], v: [Float], _ gates: LinearAttentionGates,
  scale: Float, state: inout [Float]
) -> [Float] {
  let (width, valueWidth) = (shape.width, shape.valueWidth)
  let group = shape.queryHeads / shape.keyHeads
  var y = [Float](repeating: 0, count: shape.batch * shape.steps * shape.queryHeads * valueWidth)
  var change = [Float](repeating: 0, count: valueWidth)
  for sample in 0..<shape.batch {
    for head in 0..<shape.keyHeads {
      let base = (sample * shape.keyHeads + head) * width * valueWidth
      for step in 0..<shape.steps {
        let row = sample * shape.steps + step
        let key = (row * shape.keyHeads + head) * width
        let value = (row * shape.keyHeads + head) * valueWidth
        if !gates.decay.isEmpty {
          let isWide = gates.decayWidth != shape.keyHeads
          for i in 0..<width {
            let place = row * gates.decayWidth + (isWide ? head * width + i : head)
            let factor = expf(gates.decay[place])
            for j in 0..<valueWidth { state[base + i * valueWidth + j] *= factor }
          }
        }
        for j in 0..<valueWidth { change[j] = v[value + j] }
        if !gates.rate.isEmpty {
          for i in 0..<width {
            for j in 0..<valueWidth { change[j] -= state[base + i * valueWidth + j] * k[key + i] }
          }
          let rate = gates.rate[row * gates.rateWidth + (gates.rateWidth == 1 ? 0 : head)]
          for j in 0..<valueWidth { change[j] *= rate }
        }
        for i in 0..<width {
          for j in 0..<valueWidth { state[base + i * valueWidth + j] += k[key + i] * change[j] }
        }
        for query in head * group..<(head + 1) * group {
          let from = (row * shape.queryHeads + query) * width
          let to = (row * shape.queryHeads + query) * valueWidth
          for i in 0..<width {
            let factor = scale * q[from + i]
            for j in 0..<valueWidth { y[to + j] += factor * state[base + i * valueWidth + j] }
          }
        }
      }
    }
  }
  return y
}
