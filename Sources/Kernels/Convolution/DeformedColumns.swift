/// The elements of an image that a window reads when each of its positions is shifted, in the order
/// in which a product with the weight sums them up.
///
/// - Parameters:
///   - x: one sample, `[channels, input…]`.
///   - offsets: for each group of channels, kernel position and axis, how far each output position
///     reads from its regular place.
///   - mask: for each group and kernel position, a factor for each output position; or nothing.
///   - groups: how many groups of channels have their own offsets.
///   - y: `[channels, kernel positions, output positions]`.
/// - Returns: false for types other than float and double, and when they differ.
package func deformedColumns(
  _ window: Window, channels: Int, groups: Int, _ x: Source, offsets: Source, mask: Source?,
  into y: Target
) -> Bool {
  guard x.scalar == y.scalar, offsets.scalar == y.scalar, (mask?.scalar ?? y.scalar) == y.scalar
  else { return false }
  func run<T: BinaryFloatingPoint & BitwiseCopyable & Sendable>(_ type: T.Type) {
    let columns = DeformedColumns<T>(
      window: window, channels: channels, groups: groups, x: x.bytes.base(T.self),
      offsets: offsets.bytes.base(T.self), mask: mask?.bytes.base(T.self), y: y.bytes.base(T.self))
    parallel(groups * window.kernelCount, grain: 1) { taps in
      for tap in taps {
        columns.fill(group: tap / window.kernelCount, tap: tap % window.kernelCount)
      }
    }
  }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  default: return false
  }
  return true
}

private struct DeformedColumns<T: BinaryFloatingPoint & BitwiseCopyable & Sendable> {
  let window: Window
  let channels, groups: Int
  let x, offsets: UnsafePointer<T>
  let mask: UnsafePointer<T>?
  let y: UnsafeMutablePointer<T>

  func fill(group: Int, tap: Int) {
    let rank = window.rank, positions = window.outputCount, taps = window.kernelCount
    let inputSteps = strides(of: window.input), outputSteps = strides(of: window.output)
    let kernelSteps = strides(of: window.kernel)
    let perGroup = channels / groups
    let shifts = offsets + (group * taps + tap) * rank * positions
    let factors = mask.map { $0 + (group * taps + tap) * positions }
    var places = [(offset: Int, weight: T)]()
    for position in 0..<positions {
      places.removeAll(keepingCapacity: true)
      places.append((0, factors?[position] ?? 1))
      for axis in 0..<rank {
        let k = tap / kernelSteps[axis] % window.kernel[axis]
        let o = position / outputSteps[axis] % window.output[axis]
        let regular = o * window.strides[axis] + k * window.dilations[axis] - window.padsBegin[axis]
        spread(
          &places, T(regular) + shifts[axis * positions + position], window.input[axis],
          inputSteps[axis])
      }
      for channel in group * perGroup..<(group + 1) * perGroup {
        let plane = x + channel * window.inputCount
        var sum: T = 0
        for (offset, weight) in places { sum += weight * plane[offset] }
        y[(channel * taps + tap) * positions + position] = sum
      }
    }
  }

  /// Replaces each place by its neighbours along an axis, weighted by their distance; those outside
  /// go.
  private func spread(
    _ places: inout [(offset: Int, weight: T)], _ coordinate: T, _ length: Int, _ step: Int
  ) {
    guard coordinate > -1, coordinate < T(length) else { return places.removeAll() }
    let low = Int(coordinate.rounded(.down)), part = coordinate - T(low)
    let before = places
    places.removeAll(keepingCapacity: true)
    for (offset, weight) in before {
      if low >= 0 { places.append((offset + low * step, weight * (1 - part))) }
      if low + 1 < length, part > 0 { places.append((offset + (low + 1) * step, weight * part)) }
    }
  }
}
