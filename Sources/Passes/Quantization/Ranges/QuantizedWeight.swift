/// A weight as signed integers, symmetric, per channel along an axis or with one scale.
package struct QuantizedWeight: Sendable {
  /// The integers, in the order of the weight.
  package var values: [Int8]
  /// The scale of each channel, or the one scale.
  package let scales: [Float]

  package init(values: [Int8], scales: [Float]) {
    self.values = values
    self.scales = scales
  }

  /// Quantizes a weight.
  ///
  /// - Parameters:
  ///   - axis: the axis of the channels, or nil for one scale.
  ///   - grid: the integers.
  ///   - contraction: the axes that are summed over, the innermost last; where neighbours along it
  ///     may not add up to more than the grid says.
  ///   - leastScale: for each channel the smallest scale allowed, so that its bias fits 32 bits.
  package init(
    _ weight: [Float], _ shape: [Int], axis: Int?, grid: WeightGrid = .bytes,
    contraction: [Int] = [], leastScale: [Double]? = nil
  ) {
    let layout = WeightRows(shape, axis: axis, contraction: contraction)
    let peaks = layout.peaks(weight)
    let pairs = grid.pairPeak == nil ? nil : layout.pairPeaks(weight)
    // A channel of zeros takes its layer's scale: with 1 its bias would round to nothing.
    let fallback = peaks.filter(\.isFinite).max().flatMap { $0 > 0 ? $0 : nil } ?? 1
    var scales = peaks.indices.map { channel -> Float in
      let own = peaks[channel] > 0 && peaks[channel].isFinite ? peaks[channel] : fallback
      var scale = Double(own) / Double(grid.peak)
      if let pairs, let pairPeak = grid.pairPeak, pairs[channel].isFinite {
        scale = max(scale, Double(pairs[channel]) / Double(pairPeak))
      }
      return max(Float(max(scale, leastScale?[channel] ?? 0)), .leastNormalMagnitude)
    }
    values = layout.rounded(weight, scales, grid)
    if let pairPeak = grid.pairPeak {
      layout.shrink(&values, &scales, weight, grid, pairPeak)
    }
    self.scales = scales
  }

  /// The numbers that the integers stand for.
  package func numbers(_ shape: [Int], axis: Int?) -> [Float] {
    let layout = WeightRows(shape, axis: axis, contraction: [])
    return values.indices.map { Float(values[$0]) * scales[layout.channel($0)] }
  }
}

/// The rows of a weight along which products are summed up, and the channel that each belongs to.
package struct WeightRows {
  private let channels: Int
  private let inner: Int
  /// The first element of each row, and the places of its elements from there.
  package let starts: [Int]
  package let offsets: [Int]
  /// The number of elements along the innermost axis of the contraction.
  private let innermost: Int

  package init(_ shape: [Int], axis: Int?, contraction: [Int]) {
    channels = axis.map { shape[$0] } ?? 1
    let count = shape.reduce(1, *)
    inner = axis.map { shape[($0 + 1)...].reduce(1, *) } ?? max(count, 1)
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    func places(_ axes: [Int]) -> [Int] {
      axes.reduce([0]) { places, axis in
        places.flatMap { place in (0..<shape[axis]).map { place + $0 * strides[axis] } }
      }
    }
    offsets = places(contraction)
    innermost = contraction.last.map { shape[$0] } ?? 1
    starts = contraction.isEmpty ? [] : places(shape.indices.filter { !contraction.contains($0) })
  }

  /// The channel of an element.
  package func channel(_ index: Int) -> Int { index / inner % channels }

  func peaks(_ weight: [Float]) -> [Float] {
    var peaks = [Float](repeating: 0, count: channels)
    for (index, value) in weight.enumerated() where value.magnitude > peaks[channel(index)] {
      peaks[channel(index)] = value.magnitude
    }
    return peaks
  }

  /// For each channel the largest sum of two neighbours of one sign.
  func pairPeaks(_ weight: [Float]) -> [Float] {
    var peaks = [Float](repeating: 0, count: channels)
    forEachPair { first, second in
      let (a, b) = (weight[first], weight[second])
      if a.sign == b.sign {
        let channel = channel(first)
        peaks[channel] = max(peaks[channel], (a + b).magnitude)
      }
    }
    return peaks
  }

  /// Pairs of neighbours along the contraction. An odd number of channels at each of several kernel
  /// positions is padded by some kernels and not by others, so that neighbours on both sides count.
  private func forEachPair(_ body: (Int, Int) -> Void) {
    let step = innermost % 2 == 0 || innermost == offsets.count ? 2 : 1
    for start in starts {
      for place in stride(from: 0, to: offsets.count - 1, by: step) {
        body(start + offsets[place], start + offsets[place + 1])
      }
    }
  }

  func rounded(_ weight: [Float], _ scales: [Float], _ grid: WeightGrid) -> [Int8] {
    let peak = Float(grid.peak)
    return weight.enumerated().map { index, value in
      let rounded = (value / scales[channel(index)]).rounded(.toNearestOrEven)
      return rounded.isNaN ? 0 : Int8(min(max(rounded, -peak), peak))
    }
  }

  /// Whether a pair of neighbours of one sign adds up to more than a peak.
  func exceeds(_ values: [Int8], _ pairPeak: Int) -> Bool {
    var exceeds = false
    forEachPair { first, second in
      if abs(Int(values[first]) + Int(values[second])) > pairPeak { exceeds = true }
    }
    return exceeds
  }

  /// Enlarges the scales of channels in which rounding has made a pair too large.
  func shrink(
    _ values: inout [Int8], _ scales: inout [Float], _ weight: [Float], _ grid: WeightGrid,
    _ pairPeak: Int
  ) {
    for _ in 0..<256 {
      var excess = Set<Int>()
      forEachPair { first, second in
        if abs(Int(values[first]) + Int(values[second])) > pairPeak {
          excess.insert(channel(first))
        }
      }
      guard !excess.isEmpty else { return }
      for channel in excess { scales[channel] *= 1 + 1 / 256 }
      for index in values.indices where excess.contains(channel(index)) {
        let rounded = (weight[index] / scales[channel(index)]).rounded(.toNearestOrEven)
        values[index] = rounded.isNaN ? 0 : Int8(min(max(rounded, -127), 127))
      }
    }
  }
}
