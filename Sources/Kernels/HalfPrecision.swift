/// The 16-bit floating-point formats, which kernels read and write only here.
package enum HalfFormat: Sendable {
  /// IEEE binary16.
  case float16
  /// The upper half of a binary32.
  case bfloat16

  /// The nearest number of this format, half to even.
  func rounded(_ value: Float) -> Float {
    switch self {
    case .float16: Float(Float16(value))
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
    case .float16: each(x, y, n) { Float(Float16(bitPattern: $0)) }
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
    case .float16: each(x, y, n) { Float16($0).bitPattern }
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
