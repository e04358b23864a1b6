internal import IR

/// Scale and zero-point of unsigned 8-bit activations (quantization.md, "Parameters").
package struct ActivationParameters: Hashable {
  /// What one step is worth.
  package let scale: Float
  /// The integer that stands for 0.
  package let zeroPoint: UInt8

  /// Parameters for a range, widened to hold 0.
  ///
  /// A range without extent says nothing about a scale; values in [0, 1] are then told apart.
  package init(_ range: ClosedRange<Float>) {
    var low = Double(min(range.lowerBound, 0)), high = Double(max(range.upperBound, 0))
    if low == high { (low, high) = (0, 1) }
    let step = (high - low) / 255
    scale = max(Float(step), .leastNormalMagnitude)
    zeroPoint = UInt8(min(max((-low / step).rounded(.toNearestOrEven), 0), 255))
  }

  /// Parameters as a plan states them.
  init(scale: Float, zeroPoint: UInt8) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// `saturate(rne(x / scale) + zeroPoint)`.
  package func quantize(_ values: [Float]) -> [UInt8] {
    values.map { value in
      let rounded = (value / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
      return rounded.isNaN ? 0 : UInt8(min(max(rounded, 0), 255))
    }
  }
}

/// A weight as signed 8-bit integers, symmetric, per channel along an axis or with one scale.
package struct QuantizedWeight {
  /// The integers, in the order of the weight.
  package let values: [Int8]
  /// The scale of each channel, or the one scale.
  package let scales: [Float]

  /// Quantizes a weight.
  ///
  /// - Parameters:
  ///   - axis: the axis of the channels, or nil for one scale.
  ///   - leastScale: for each channel the smallest scale allowed, so that its bias fits 32 bits.
  package init(_ weight: [Float], _ shape: [Int], axis: Int?, leastScale: [Double]? = nil) {
    let channels = axis.map { shape[$0] } ?? 1
    let inner = axis.map { shape[($0 + 1)...].reduce(1, *) } ?? max(weight.count, 1)
    var peak = [Float](repeating: 0, count: channels)
    for (index, value) in weight.enumerated() where value.magnitude > peak[index / inner % channels]
    {
      peak[index / inner % channels] = value.magnitude
    }
    // A channel of zeros takes its layer's scale: with 1 its bias would round to nothing.
    let fallback = peak.filter(\.isFinite).max().flatMap { $0 > 0 ? $0 : nil } ?? 1
    let scales = peak.indices.map { channel -> Float in
      let own = peak[channel] > 0 && peak[channel].isFinite ? peak[channel] : fallback
      let least = leastScale?[channel] ?? 0
      return max(Float(max(Double(own) / 127, least)), .leastNormalMagnitude)
    }
    self.scales = scales
    values = weight.enumerated().map { index, value in
      let rounded = (value / scales[index / inner % channels]).rounded(.toNearestOrEven)
      return rounded.isNaN ? 0 : Int8(min(max(rounded, -127), 127))
    }
  }
}
