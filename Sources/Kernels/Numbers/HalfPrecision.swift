/// The 16-bit floating-point formats, which kernels read and write only here.
package enum HalfFormat: Sendable {
  /// IEEE binary16.
  case float16
  /// The upper half of a binary32.
  case bfloat16

  /// The nearest number of this format, half to even.
  func rounded(_ value: Float) -> Float {
    switch self {
    case .float16: widenedHalf(narrowedHalf(value))
    case .bfloat16: Float(bitPattern: UInt32(upperHalf(value)) << 16)
    }
  }
}

/// Widens 16-bit elements to floats. `bytes` holds as many 16-bit elements as `y` has floats.
package func widen(_ format: HalfFormat, _ bytes: UnsafeRawBufferPointer, into y: Target) {
  let x = Source(.uint16, y.shape, bytes)
  guard y.scalar == .float, bytes.count >= 2 * y.count else { return }
  overChunks(x, y, UInt16.self, Float.self) { x, y, n in
    switch format {
    case .float16: each(x, y, n) { widenedHalf($0) }
    case .bfloat16: each(x, y, n) { Float(bitPattern: UInt32($0) &<< 16) }
    }
  }
}

/// Narrows floats to 16-bit elements, rounding half to even; too large becomes infinite.
package func narrow(_ x: Source, to format: HalfFormat, into bytes: UnsafeMutableRawBufferPointer) {
  let y = Target(.uint16, x.shape, bytes)
  guard x.scalar == .float, bytes.count >= 2 * x.count else { return }
  overChunks(x, y, Float.self, UInt16.self) { x, y, n in
    switch format {
    case .float16: each(x, y, n) { narrowedHalf($0) }
    case .bfloat16: each(x, y, n) { upperHalf($0) }
    }
  }
}

/// The nearest bfloat16; a NaN keeps a set bit.
@inline(__always)
func upperHalf(_ x: Float) -> UInt16 {
  let bits = x.bitPattern
  let rounded = bits &+ 0x7FFF &+ ((bits &>> 16) & 1)
  return UInt16(truncatingIfNeeded: (x == x ? rounded : bits | 0x40_0000) &>> 16)
}

/// The number that a float16's bits stand for. Without a branch, so that loops become vectors where
/// the compiler may not assume the processor's own conversion.
@inline(__always)
func widenedHalf(_ bits: UInt16) -> Float {
  let magnitude = UInt32(bits & 0x7FFF) &<< 13
  // As the bits of a float these are the number divided by 2¹¹², subnormal ones included.
  let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
  let isFinite = magnitude < 0x7C00 &<< 13
  let wide = isFinite ? scaled : magnitude | 0x7F80_0000
  return Float(bitPattern: wide | UInt32(bits & 0x8000) &<< 16)
}

/// The bits of the nearest float16, half to even; too large becomes infinite, and a NaN keeps its
/// upper bits and is quiet.
@inline(__always)
func narrowedHalf(_ value: Float) -> UInt16 {
  let bits = value.bitPattern & 0x7FFF_FFFF
  // The exponent's bias changes by 112; half a last place, or just less before even ones, rounds.
  let rounded = bits &+ 0xC800_0FFF &+ ((bits &>> 13) & 1)
  let normal = rounded &>> 13
  // Adding one half leaves a subnormal's bits at the end, rounded by the addition.
  let shifted = (Float(bitPattern: bits) + 0.5).bitPattern &- (0.5 as Float).bitPattern
  let special = bits > 0x7F80_0000 ? 0x7E00 | ((bits &>> 13) & 0x3FF) : 0x7C00
  let finite = bits < 0x3880_0000 ? shifted : normal
  let magnitude = bits >= 0x4780_0000 ? special : finite
  return UInt16(truncatingIfNeeded: magnitude | (value.bitPattern &>> 16) & 0x8000)
}
