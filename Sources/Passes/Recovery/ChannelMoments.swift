/// Mean and variance of each channel of a tensor, summed up over batches in double precision.
struct ChannelMoments {
  private var count = 0
  private var sum: [Double]
  private var squares: [Double]

  init(channels: Int) {
    sum = Array(repeating: 0, count: channels)
    squares = sum
  }

  /// Takes in one batch.
  ///
  /// - Parameter kept: the channels to look at; nil for all.
  mutating func observe(
    _ values: UnsafeBufferPointer<Float>, shape: [Int], axis: Int, kept: [Int]?
  ) {
    let channels = shape[axis]
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    for block in 0..<outer {
      for position in sum.indices {
        let start = (block * channels + (kept?[position] ?? position)) * inner
        var total = 0.0, square = 0.0
        for index in start..<start + inner {
          let value = Double(values[index])
          total += value
          square += value * value
        }
        sum[position] += total
        squares[position] += square
      }
    }
    count += outer * inner
  }

  /// The mean of a channel.
  func mean(_ channel: Int) -> Double { count == 0 ? 0 : sum[channel] / Double(count) }

  /// The standard deviation of a channel.
  func deviation(_ channel: Int) -> Double {
    guard count > 0 else { return 0 }
    let mean = mean(channel)
    return max(0, squares[channel] / Double(count) - mean * mean).squareRoot()
  }
}
