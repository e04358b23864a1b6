/// The rows of a convolution written as a product of matrices: an output position's row holds the
/// elements under its window, channel by channel, in the order of the weight's elements; padding
/// counts as zero.
package struct Patches {
  private let shape: ConvolutionShape
  private let isTransposed: Bool
  /// The number of positions of a plane of the input and of the output.
  private let plane: Int
  private let positions: Int

  /// - Parameters:
  ///   - transposed: whether the rows are those of the transposed convolution: its output is the
  ///     window's input, and an element counts where the window would have met it.
  package init(_ shape: ConvolutionShape, transposed: Bool = false) {
    self.shape = shape
    isTransposed = transposed
    let window = shape.window
    plane = transposed ? window.outputCount : window.inputCount
    positions = transposed ? window.inputCount : window.outputCount
  }

  /// For every output position and kernel position the place in the input's plane; -1 for padding.
  var places: [Int] {
    var found: [Int] = []
    found.reserveCapacity(positions * shape.window.kernelCount)
    for position in 0..<positions {
      for tap in 0..<shape.window.kernelCount { found.append(place(position, tap)) }
    }
    return found
  }

  private func place(_ position: Int, _ tap: Int) -> Int {
    isTransposed
      ? Self.source(shape.window, position, tap) : Self.place(shape.window, position, tap)
  }

  /// The position of the window whose kernel position `tap` lies on a position of its input.
  private static func source(_ window: Window, _ position: Int, _ tap: Int) -> Int {
    var position = position, tap = tap, place = 0, plane = 1
    for axis in (0..<window.rank).reversed() {
      let (x, k) = (position % window.input[axis], tap % window.kernel[axis])
      position /= window.input[axis]
      tap /= window.kernel[axis]
      let start = x + window.padsBegin[axis] - k * window.dilations[axis]
      guard start >= 0, start % window.strides[axis] == 0 else { return -1 }
      let index = start / window.strides[axis]
      guard index < window.output[axis] else { return -1 }
      place += index * plane
      plane *= window.output[axis]
    }
    return place
  }

  private static func place(_ window: Window, _ position: Int, _ tap: Int) -> Int {
    var position = position, tap = tap, place = 0, plane = 1
    for axis in (0..<window.rank).reversed() {
      let (out, k) = (position % window.output[axis], tap % window.kernel[axis])
      position /= window.output[axis]
      tap /= window.kernel[axis]
      let index =
        out * window.strides[axis] + k * window.dilations[axis] - window.padsBegin[axis]
      guard index >= 0, index < window.input[axis] else { return -1 }
      place += index * plane
      plane *= window.input[axis]
    }
    return place
  }

  /// The number of rows: samples times positions of the output.
  package var count: Int { shape.batch * positions }

  /// The elements of a row for one group of channels.
  package var length: Int { shape.inputChannels / shape.group * shape.window.kernelCount }

  /// Writes chosen rows, those of one group after those of the one before.
  package func rows(_ chosen: [Int], of x: UnsafeBufferPointer<Float>) -> [Float] {
    let columns = shape.inputChannels / shape.group
    let taps = shape.window.kernelCount
    guard shape.batch * shape.inputChannels * plane == x.count else { return [] }
    return [Float](unsafeUninitializedCapacity: shape.group * chosen.count * length) {
      rows, count in
      count = rows.count
      let places = chosen.flatMap { row in (0..<taps).map { place(row % positions, $0) } }
      var next = 0
      for group in 0..<shape.group {
        for (index, row) in chosen.enumerated() {
          var start = (row / positions * shape.inputChannels + group * columns) * plane
          for _ in 0..<columns {
            for place in places[index * taps..<(index + 1) * taps] {
              rows[next] = place < 0 ? 0 : x[start + place]
              next += 1
            }
            start += plane
          }
        }
      }
    }
  }
}

/// Some rows out of many, spread evenly, the same in every run.
package struct RowSampling {
  private let step: Int
  private var seen = 0

  /// - Parameters:
  ///   - total: the number of rows there are.
  ///   - limit: how many to take at most, roughly.
  ///   - period: the number of rows after which positions repeat; all positions are taken alike.
  package init(total: Int, limit: Int, period: Int) {
    var step = max(1, (total + limit - 1) / max(1, limit))
    while Self.divisor(step, period) > 1 { step += 1 }
    self.step = step
  }

  private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }

  /// The rows to take out of the next `count`.
  package mutating func next(_ count: Int) -> [Int] {
    defer { seen += count }
    let first = (step - seen % step) % step
    return Array(stride(from: first, to: count, by: step))
  }
}
