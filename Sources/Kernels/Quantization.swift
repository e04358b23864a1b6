/// Where scales and zero-points change: a tensor seen as [outer, channels, inner]. One channel for
/// parameters of the whole tensor.
package struct QuantizedLayout: Sendable {
  package let outer: Int
  package let channels: Int
  package let inner: Int

  /// One set of parameters for `count` elements.
  package init(count: Int) { (outer, channels, inner) = (1, 1, count) }

  /// A set of parameters for each index of `axis`.
  package init(_ shape: [Int], axis: Int) {
    outer = shape[..<axis].reduce(1, *)
    channels = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
  }

  /// Calls `body` with pieces that have the same parameters: the channel, where the piece begins
  /// and how long it is.
  fileprivate func forEachPiece(_ body: (_ channel: Int, _ start: Int, _ count: Int) -> Void) {
    if outer * channels == 1 {
      parallel(inner, grain: 1 << 15) { body(0, $0.lowerBound, $0.count) }
    } else {
      parallel(outer * channels, grain: max(1, (1 << 15) / max(1, inner))) { rows in
        for row in rows { body(row % channels, row * inner, inner) }
      }
    }
  }
}

/// `saturate(roundHalfToEven(x / scale) + zeroPoint)` with the range of `y`'s type, 8 or 16 bits;
/// NaN becomes the lowest value. One scale and zero-point a channel. Returns false when types or
/// counts do not fit.
package func quantizeLinear(
  _ x: Source, _ layout: QuantizedLayout, scales: [Float], zeroPoints: [Int], into y: Target
) -> Bool {
  guard x.scalar == .float, x.count == y.count, scales.count == layout.channels,
    zeroPoints.count == layout.channels
  else { return false }
  switch y.scalar {
  case .uint8: quantize(x, layout, scales, zeroPoints, y, UInt8.self)
  case .int8: quantize(x, layout, scales, zeroPoints, y, Int8.self)
  case .uint16: quantize(x, layout, scales, zeroPoints, y, UInt16.self)
  case .int16: quantize(x, layout, scales, zeroPoints, y, Int16.self)
  default: return false
  }
  return true
}

private func quantize<Q: FixedWidthInteger>(
  _ x: Source, _ layout: QuantizedLayout, _ scales: [Float], _ zeroPoints: [Int], _ y: Target,
  _: Q.Type
) {
  guard let from = x.elements(Float.self).baseAddress, let to = y.elements(Q.self).baseAddress
  else {
    return
  }
  layout.forEachPiece { channel, start, count in
    let x = from + start, y = to + start
    let scale = scales[channel]
    let zero = Int32(truncatingIfNeeded: zeroPoints[channel])
    // Clamping to whole numbers commutes with rounding, and keeps within what the offset rounds.
    let low = Float(Int32(Q.min) &- zero), high = Float(Int32(Q.max) &- zero)
    for i in 0..<count {
      let quotient = x[i] / scale
      let raised = quotient > low ? quotient : low
      let clamped = raised < high ? raised : high
      let bits = Int32(bitPattern: (clamped + 12_582_912).bitPattern) &- 0x4B40_0000
      y[i] = Q(truncatingIfNeeded: bits &+ zero)
    }
  }
}

/// `(x - zeroPoint)·scale` for 8- and 16-bit integers and int32. Returns false when types or counts
/// do not fit.
package func dequantizeLinear(
  _ x: Source, _ layout: QuantizedLayout, scales: [Float], zeroPoints: [Int], into y: Target
) -> Bool {
  guard y.scalar == .float, x.count == y.count, scales.count == layout.channels,
    zeroPoints.count == layout.channels
  else { return false }
  switch x.scalar {
  case .uint8: dequantize(x, layout, scales, zeroPoints, y, UInt8.self)
  case .int8: dequantize(x, layout, scales, zeroPoints, y, Int8.self)
  case .uint16: dequantize(x, layout, scales, zeroPoints, y, UInt16.self)
  case .int16: dequantize(x, layout, scales, zeroPoints, y, Int16.self)
  case .int32: dequantize(x, layout, scales, zeroPoints, y, Int32.self)
  default: return false
  }
  return true
}

private func dequantize<Q: FixedWidthInteger>(
  _ x: Source, _ layout: QuantizedLayout, _ scales: [Float], _ zeroPoints: [Int], _ y: Target,
  _: Q.Type
) {
  guard let from = x.elements(Q.self).baseAddress, let to = y.elements(Float.self).baseAddress
  else {
    return
  }
  layout.forEachPiece { channel, start, count in
    let x = from + start, y = to + start
    let scale = scales[channel]
    let zero = Int32(truncatingIfNeeded: zeroPoints[channel])
    for i in 0..<count { y[i] = Float(Int32(truncatingIfNeeded: x[i]) &- zero) * scale }
  }
}
