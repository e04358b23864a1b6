private import Glibc

/// Convolves rows with the kernels of their channels, looking back only.
///
/// - Parameters:
///   - x: `[rows, length]`, the channels of one sample after those of another.
///   - past: `[rows, kernel - 1]`, what stands before.
///   - weights: `[channels, kernel]`.
///   - activates: whether results are multiplied by their logistic function.
/// - Returns: `[rows, length]`, and the last `kernel - 1` positions of each row.
package func causalConvolution(
  _ x: [Float], past: [Float], weights: [Float], bias: [Float], rows: Int, channels: Int,
  length: Int, kernel: Int, activates: Bool
) -> (output: [Float], state: [Float]) {
  var output = [Float](repeating: 0, count: rows * length)
  var state = [Float](repeating: 0, count: rows * (kernel - 1))
  var line = [Float](repeating: 0, count: kernel - 1 + length)
  for row in 0..<rows {
    let channel = row % channels
    for i in 0..<kernel - 1 { line[i] = past[row * (kernel - 1) + i] }
    for i in 0..<length { line[kernel - 1 + i] = x[row * length + i] }
    for i in 0..<length {
      var sum = bias[channel]
      for j in 0..<kernel { sum += line[i + j] * weights[channel * kernel + j] }
      output[row * length + i] = activates ? sum / (1 + expf(-sum)) : sum
    }
    for i in 0..<kernel - 1 { state[row * (kernel - 1) + i] = line[length + i] }
  }
  return (output, state)
}
