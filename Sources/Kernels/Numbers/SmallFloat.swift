/// A floating-point format of 8 bits or fewer: sign, exponent and mantissa, as ONNX lists them
/// (https://onnx.ai/onnx/technical/float8.html).
package enum SmallFloat: Sendable, Hashable {
  /// Four bits of exponent, three of mantissa; no infinities.
  case e4m3fn
  /// As `e4m3fn` with a bias greater by one; the code of -0 is the only NaN.
  case e4m3fnuz
  /// Five bits of exponent, two of mantissa, laid out as IEEE formats are.
  case e5m2
  /// As `e5m2` with a bias greater by one; no infinities, and the code of -0 is the only NaN.
  case e5m2fnuz
  /// Two bits of exponent, one of mantissa; finite numbers only.
  case e2m1
  /// Two bits of exponent, three of mantissa; finite numbers only.
  case e2m3
  /// Three bits of exponent, two of mantissa; finite numbers only.
  case e3m2

  /// Bits an element.
  package var bits: Int {
    switch self {
    case .e2m1: 4
    case .e2m3, .e3m2: 6
    default: 8
    }
  }

  private var mantissaBits: Int {
    switch self {
    case .e4m3fn, .e4m3fnuz, .e2m3: 3
    case .e5m2, .e5m2fnuz, .e3m2: 2
    case .e2m1: 1
    }
  }

  private var bias: Int {
    switch self {
    case .e4m3fn: 7
    case .e4m3fnuz: 8
    case .e5m2: 15
    case .e5m2fnuz: 16
    case .e2m1, .e2m3: 1
    case .e3m2: 3
    }
  }

  /// The bit of the sign.
  private var sign: UInt8 { 1 << UInt8(bits - 1) }

  /// The code of the largest finite number.
  private var largest: UInt8 {
    switch self {
    case .e4m3fn: 0x7E
    case .e4m3fnuz, .e5m2fnuz: 0x7F
    case .e5m2: 0x7B
    case .e2m1: 0x07
    case .e2m3, .e3m2: 0x1F
    }
  }

  private var isUnsignedZero: Bool { self == .e4m3fnuz || self == .e5m2fnuz }

  /// What a NaN becomes. Where there is none, ONNX's reference gives -0.
  private func nan(negative: Bool) -> UInt8 {
    switch self {
    case .e4m3fn: negative ? 0xFF : 0x7F
    case .e5m2: negative ? 0xFE : 0x7E
    case .e4m3fnuz, .e5m2fnuz: 0x80
    case .e2m1, .e2m3, .e3m2: sign
    }
  }

  /// What is too large becomes where nothing saturates.
  private func overflow(negative: Bool) -> UInt8 {
    switch self {
    case .e4m3fn, .e4m3fnuz, .e5m2fnuz: nan(negative: negative)
    case .e5m2: negative ? 0xFC : 0x7C
    case .e2m1, .e2m3, .e3m2: negative ? largest | sign : largest
    }
  }

  /// The value of a code; NaN for codes that stand for none.
  package func decode(_ code: UInt8) -> Float {
    let magnitude = code & (sign &- 1)
    let isNegative = code & sign != 0
    switch self {
    case .e4m3fn where magnitude == 0x7F: return .nan
    case .e5m2 where magnitude > 0x7C: return .nan
    case .e5m2 where magnitude == 0x7C: return isNegative ? -.infinity : .infinity
    case .e4m3fnuz where code == 0x80: return .nan
    case .e5m2fnuz where code == 0x80: return .nan
    default: break
    }
    let exponent = Int(magnitude >> mantissaBits)
    let fraction = Int(magnitude) & ((1 << mantissaBits) - 1)
    let significand = exponent == 0 ? fraction : fraction + (1 << mantissaBits)
    let scale = Float(sign: .plus, exponent: max(exponent, 1) - bias - mantissaBits, significand: 1)
    let value = Float(significand) * scale
    return isNegative ? -value : value
  }

  /// The code of the nearest number, half to even.
  ///
  /// - Parameter saturates: whether what is too large becomes the largest finite number rather than
  ///   an infinity or NaN.
  package func encode(_ value: Double, saturates: Bool) -> UInt8 {
    let isNegative = value.sign == .minus
    if value.isNaN { return nan(negative: isNegative) }
    let magnitude = value.magnitude
    let limit = Double(decode(largest))
    let exponent = magnitude.isFinite && magnitude > 0 ? max(Int(magnitude.exponent), 1 - bias) : 0
    let quantum = Double(sign: .plus, exponent: exponent - mantissaBits, significand: 1)
    let units = (magnitude / quantum).rounded(.toNearestOrEven)
    guard magnitude.isFinite, units * quantum <= limit else {
      guard saturates else { return overflow(negative: isNegative) }
      return isNegative ? largest | sign : largest
    }
    // Units of a normal number carry the hidden bit; a carry into the next exponent adds up alike.
    let whole = Int(units)
    let code = magnitude == 0 ? 0 : ((exponent + bias - 1) << mantissaBits) + whole
    if code == 0, isUnsignedZero { return 0 }
    return UInt8(truncatingIfNeeded: code) | (isNegative ? sign : 0)
  }

  /// The values of all codes.
  package var table: [Float] { (0...255).map { decode(UInt8($0)) } }
}

/// How numbers become powers of two.
package enum PowerRounding: String, Sendable, CaseIterable {
  case up, down, nearest
}

/// Scales of eight bits of exponent and nothing else: `2^(code - 127)`, 255 for NaN.
package enum ScaleFormat {
  package static func decode(_ code: UInt8) -> Float {
    switch code {
    case 255: .nan
    case 0: Float(bitPattern: 0x0040_0000)
    default: Float(bitPattern: UInt32(code) << 23)
    }
  }

  /// The code of a float, whose sign does not count.
  package static func encode(
    _ value: Float, rounding: PowerRounding, saturates: Bool
  ) -> UInt8 {
    let bits = value.bitPattern & 0x7FFF_FFFF
    let exponent = bits >> 23, fraction = bits & 0x007F_FFFF
    guard exponent < 255 else { return 255 }
    let isRaised: Bool =
      switch rounding {
      case .down: false
      case .up: fraction > 0
      // Half a step goes up, but for the smallest exponent.
      case .nearest: fraction > 0x0040_0000 || (fraction == 0x0040_0000 && exponent > 0)
      }
    guard isRaised, !(saturates && exponent == 254) else { return UInt8(exponent) }
    return UInt8(exponent + 1)
  }
}
