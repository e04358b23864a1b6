/// 8-bit elements widened to int32 with their zero-point taken off.
///
/// - Parameters:
///   - zeroPoints: one for all, or one for each index of `axis`.
///   - axis: the axis that several zero-points belong to.
/// - Returns: false unless `x` is int8 or uint8.
package func widenQuantized(
  _ x: Source, zeroPoints: [Int32], axis: Int, into y: UnsafeMutablePointer<Int32>
) -> Bool {
  let inner = x.shape.dropFirst(axis + 1).reduce(1, *)
  let channels = zeroPoints.count
  func run<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) {
    let source = x.bytes.base(T.self), count = x.bytes.count
    if channels == 1 {
      let zero = zeroPoints[0]
      for i in 0..<count { y[i] = Int32(truncatingIfNeeded: source[i]) &- zero }
    } else if inner > 0 {
      for run in 0..<count / inner {
        let zero = zeroPoints[run % channels]
        for i in run * inner..<(run + 1) * inner {
          y[i] = Int32(truncatingIfNeeded: source[i]) &- zero
        }
      }
    }
  }
  switch x.scalar {
  case .int8: run(Int8.self)
  case .uint8: run(UInt8.self)
  default: return false
  }
  return true
}

/// `saturate(rne(Float(sum)·scale) + zero)` with one scale for all or one for each channel, where
/// `inner` elements in a row belong to a channel.
///
/// - Returns: false unless `y` is int8 or uint8.
package func requantize(
  _ sums: UnsafePointer<Int32>, scales: [Float], inner: Int, zeroPoint: Int32, into y: Target
) -> Bool {
  func run<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) {
    let target = y.bytes.base(T.self), count = y.bytes.count
    let (low, high) = (Float(T.min), Float(T.max)), zero = Float(zeroPoint)
    guard inner > 0, !scales.isEmpty else { return }
    for run in 0..<count / inner {
      let scale = scales[run % scales.count]
      for i in run * inner..<(run + 1) * inner {
        let value = (Float(sums[i]) * scale).rounded(.toNearestOrEven) + zero
        // The comparisons send NaN to the lowest value.
        target[i] = T(value > low ? min(value, high) : low)
      }
    }
  }
  switch y.scalar {
  case .int8: run(Int8.self)
  case .uint8: run(UInt8.self)
  default: return false
  }
  return true
}

/// Quantizes floats to uint8 over the range that they and zero span.
///
/// - Returns: the scale and the zero-point.
package func quantizeDynamically(
  _ x: UnsafeBufferPointer<Float>, into y: UnsafeMutablePointer<UInt8>
) -> (scale: Float, zeroPoint: UInt8) {
  var low: Float = 0, high: Float = 0
  for value in x {
    low = value < low ? value : low
    high = value > high ? value : high
  }
  let scale = high == low ? 1 : (high - low) / 255
  func saturate(_ value: Float) -> UInt8 {
    UInt8(value > 0 ? min(value.rounded(.toNearestOrEven), 255) : 0)
  }
  let zeroPoint = saturate(-low / scale)
  let zero = Float(zeroPoint)
  // Quotients lie within ±255: adding this number rounds them to whole ones, half to even, which
  // then stand in the last bits.
  let rounder: Float = 0x1.8p23
  parallel(x.count, grain: 1 << 15) { range in
    for i in range {
      let whole = ((x[i] / scale + rounder) - rounder) + zero
      // Not a number becomes zero.
      let limited = whole > 0 ? min(whole, 255) : 0
      y[i] = UInt8(truncatingIfNeeded: (limited + rounder).bitPattern)
    }
  }
  return (scale, zeroPoint)
}
