/// How large the scale of a weight has to be so that its bias and all sums of products beside it fit
/// 32 bits.
struct BiasRoom {
  private let shape: [Int]
  private let axis: Int?

  init(_ shape: [Int], axis: Int?) {
    self.shape = shape
    self.axis = axis
  }

  /// The least scale of each channel: `|b|/(s_x·s_w) + span·Σ|w|/s_w` stays below 2³¹.
  ///
  /// - Parameters:
  ///   - span: the largest magnitude of an activation's integer with the zero-point left in.
  ///   - scale: of the activation.
  func leastScales(
    _ weight: [Float], _ biases: [Float], activation span: Int, scale: Double
  ) -> [Double] {
    let rows = WeightRows(shape, axis: axis, contraction: [])
    let channels = axis.map { shape[$0] } ?? 1
    let terms = weight.count / max(1, channels)
    var sums = [Double](repeating: 0, count: channels)
    for (index, value) in weight.enumerated() where value.isFinite {
      sums[rows.channel(index)] += Double(value.magnitude)
    }
    // Rounding adds half a step to each weight, and one to the bias.
    let room = Double(Int32.max) - 1 - Double(span) * Double(terms) / 2
    guard room > 0 else { return [Double](repeating: 0, count: channels) }
    return (0..<channels).map { channel in
      let bias =
        axis == nil
        ? biases.map { Double($0.magnitude) }.max() ?? 0 : Double(biases[channel].magnitude)
      // With one scale the sum of all channels is more than that of any.
      return (bias / scale + Double(span) * sums[channel]) / room
    }
  }
}

extension ResolvedPlan.Weighted {
  /// For each channel the smallest scale that leaves room for its bias; nil without one.
  func leastScales(
    _ shape: [Int], _ weight: [Float], _ biases: [Float]?, _ activation: ActivationParameters?
  ) -> [Double]? {
    guard bias != nil, let biases, let activation else { return nil }
    return BiasRoom(shape, axis: axis).leastScales(
      weight, biases, activation: zeroSpan(activation), scale: Double(activation.scale))
  }

  /// The largest magnitude of an integer of the activation, or of it without the zero-point.
  private func zeroSpan(_ parameters: ActivationParameters?) -> Int {
    guard let parameters else { return 255 }
    let bounds = ActivationGrid(parameters.type).bounds
    return max(bounds.upperBound - bounds.lowerBound, -bounds.lowerBound)
  }
}
