/// How a number lies in memory, in any of ONNX's number types.
package enum NumberFormat: Sendable, Hashable {
  /// A format that kernels compute in.
  case scalar(Scalar)
  /// A 16-bit floating-point format.
  case half(HalfFormat)
  /// A byte that is a small float.
  case float8(SmallFloat)
  /// A byte that is a power of two.
  case scale
  /// Small floats of less than a byte, one after the other, the first in the lowest bits.
  case packedFloat(SmallFloat)
  /// Integers of less than a byte, one after the other, the first in the lowest bits.
  case packed(bits: Int, signed: Bool)

  /// Bits an element.
  package var bits: Int {
    switch self {
    case .scalar(let scalar): 8 * scalar.size
    case .half: 16
    case .float8, .scale: 8
    case .packedFloat(let kind): kind.bits
    case .packed(let bits, _): bits
    }
  }

  /// Whether the elements are integers or bools.
  var isWhole: Bool {
    switch self {
    case .scalar(let scalar): scalar != .float && scalar != .double
    case .packed: true
    default: false
    }
  }

  /// The bytes that `count` elements take.
  package func byteCount(_ count: Int) -> Int { (count * bits + 7) / 8 }
}

/// How numbers that do not fit are converted.
package struct ConversionRule: Sendable, Hashable {
  /// Whether floats too large for a small format become its largest number.
  package var saturates: Bool
  /// How numbers become powers of two.
  package var powers: PowerRounding

  package init(saturates: Bool = true, powers: PowerRounding = .up) {
    self.saturates = saturates
    self.powers = powers
  }
}

/// Converts `count` elements between any two formats.
///
/// Between formats that kernels compute in, this is `convert(_:into:)`. Floating point becomes
/// floating point with one rounding, half to even. To integers of less than a byte, numbers lose
/// their fraction and then their upper bits.
/// - Returns: false when the buffers are too small.
package func convert(
  _ x: UnsafeRawBufferPointer, _ from: NumberFormat, into y: UnsafeMutableRawBufferPointer,
  _ to: NumberFormat, count: Int, rule: ConversionRule = ConversionRule()
) -> Bool {
  guard count >= 0, x.count >= from.byteCount(count), y.count >= to.byteCount(count) else {
    return false
  }
  if case .scalar(let a) = from, case .scalar(let b) = to {
    return convert(Source(a, [count], x), into: Target(b, [count], y))
  }
  switch (from, to) {
  case (.half(let format), .scalar(.float)):
    let codes = UnsafeRawBufferPointer(rebasing: x[..<(2 * count)])
    widen(format, codes, into: Target(.float, [count], y))
    return true
  case (.scalar(.float), .half(let format)):
    narrow(Source(.float, [count], x), to: format, into: y)
    return true
  default: break
  }
  // Whole bytes of every format in each piece, so that pieces do not share any.
  let piece = 4096
  parallel((count + piece - 1) / piece, grain: 8) { pieces in
    withUnsafeTemporaryAllocation(byteCount: 8 * piece, alignment: 16) { wide in
      for index in pieces {
        let start = index * piece, length = min(piece, count - start)
        let source = UnsafeRawBufferPointer(rebasing: x[from.byteCount(start)...])
        let target = UnsafeMutableRawBufferPointer(rebasing: y[to.byteCount(start)...])
        if from.isWhole && to.isWhole {
          let values = wide.bindMemory(to: Int64.self)
          readIntegers(source, from, values, length)
          writeIntegers(values, target, to, length)
        } else {
          let values = wide.bindMemory(to: Double.self)
          readDoubles(source, from, values, length)
          writeDoubles(values, target, to, length, rule)
        }
      }
    }
  }
  return true
}

private func readIntegers(
  _ x: UnsafeRawBufferPointer, _ format: NumberFormat, _ values: UnsafeMutableBufferPointer<Int64>,
  _ count: Int
) {
  switch format {
  case .scalar(let scalar):
    let bytes = UnsafeRawBufferPointer(rebasing: x[..<(count * scalar.size)])
    let target = UnsafeMutableRawBufferPointer(values)
    _ = convert(Source(scalar, [count], bytes), into: Target(.int64, [count], target))
  case .packed(let bits, let signed):
    for i in 0..<count { values[i] = Int64(unpack(x, i, bits, signed)) }
  default: break
  }
}

private func writeIntegers(
  _ values: UnsafeMutableBufferPointer<Int64>, _ y: UnsafeMutableRawBufferPointer,
  _ format: NumberFormat, _ count: Int
) {
  switch format {
  case .scalar(let scalar):
    let bytes = UnsafeMutableRawBufferPointer(rebasing: y[..<(count * scalar.size)])
    let source = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: values[..<count]))
    _ = convert(Source(.int64, [count], source), into: Target(scalar, [count], bytes))
  case .packed(let bits, _):
    pack(y, count, bits) { UInt8(truncatingIfNeeded: values[$0]) }
  default: break
  }
}

private func readDoubles(
  _ x: UnsafeRawBufferPointer, _ format: NumberFormat, _ y: UnsafeMutableBufferPointer<Double>,
  _ count: Int
) {
  switch format {
  case .scalar(let scalar):
    let bytes = UnsafeRawBufferPointer(rebasing: x[..<(count * scalar.size)])
    let target = UnsafeMutableRawBufferPointer(y)
    _ = convert(Source(scalar, [count], bytes), into: Target(.double, [count], target))
  case .half(.float16):
    let codes = x.bindMemory(to: UInt16.self)
    for i in 0..<count { y[i] = Double(Float16(bitPattern: codes[i])) }
  case .half(.bfloat16):
    let codes = x.bindMemory(to: UInt16.self)
    for i in 0..<count { y[i] = Double(Float(bitPattern: UInt32(codes[i]) &<< 16)) }
  case .float8(let kind):
    let table = kind.table
    for i in 0..<count { y[i] = Double(table[Int(x[i])]) }
  case .scale: for i in 0..<count { y[i] = Double(ScaleFormat.decode(x[i])) }
  case .packedFloat(let kind):
    let table = kind.table, bits = kind.bits
    for i in 0..<count { y[i] = Double(table[unpack(x, i, bits, false)]) }
  case .packed(let bits, let signed):
    for i in 0..<count { y[i] = Double(unpack(x, i, bits, signed)) }
  }
}

private func writeDoubles(
  _ x: UnsafeMutableBufferPointer<Double>, _ y: UnsafeMutableRawBufferPointer,
  _ format: NumberFormat, _ count: Int, _ rule: ConversionRule
) {
  switch format {
  case .scalar(let scalar):
    let bytes = UnsafeMutableRawBufferPointer(rebasing: y[..<(count * scalar.size)])
    let source = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: x[..<count]))
    _ = convert(Source(.double, [count], source), into: Target(scalar, [count], bytes))
  case .half(.float16):
    let codes = y.bindMemory(to: UInt16.self)
    for i in 0..<count { codes[i] = Float16(x[i]).bitPattern }
  case .half(.bfloat16):
    let codes = y.bindMemory(to: UInt16.self)
    for i in 0..<count { codes[i] = upperHalf(roundedToOdd(x[i])) }
  case .float8(let kind):
    for i in 0..<count { y[i] = kind.encode(x[i], saturates: rule.saturates) }
  case .scale:
    for i in 0..<count {
      y[i] = ScaleFormat.encode(Float(x[i]), rounding: rule.powers, saturates: rule.saturates)
    }
  case .packedFloat(let kind):
    pack(y, count, kind.bits) { kind.encode(x[$0], saturates: true) }
  case .packed(let bits, _):
    pack(y, count, bits) { UInt8(truncatingIfNeeded: Int64(saturating: x[$0])) }
  }
}

/// An element from a stream of bits, which may lie in two bytes.
@inline(__always)
private func unpack(
  _ x: UnsafeRawBufferPointer, _ index: Int, _ bits: Int, _ signed: Bool
) -> Int {
  let byte = index * bits / 8, place = index * bits % 8
  var code = Int(x[byte]) >> place
  if place + bits > 8 { code |= Int(x[byte + 1]) << (8 - place) }
  code &= (1 << bits) - 1
  return signed && code >> (bits - 1) != 0 ? code - (1 << bits) : code
}

/// Elements as a stream of bits, what is left of the last byte 0.
@inline(__always)
private func pack(
  _ y: UnsafeMutableRawBufferPointer, _ count: Int, _ bits: Int, _ code: (Int) -> UInt8
) {
  let mask = UInt8((1 << bits) - 1)
  var pending = 0, held = 0, byte = 0
  for index in 0..<count {
    pending |= Int(code(index) & mask) << held
    held += bits
    guard held >= 8 else { continue }
    y[byte] = UInt8(truncatingIfNeeded: pending)
    byte += 1
    pending >>= 8
    held -= 8
  }
  if held > 0 { y[byte] = UInt8(truncatingIfNeeded: pending) }
}

/// The float toward zero of a double, its last bit set where that is not exact: rounding it again
/// to fewer bits gives what rounding the double would.
private func roundedToOdd(_ x: Double) -> Float {
  let near = Float(x)
  // Beyond the largest float all formats with its exponents overflow alike.
  guard near.isFinite, Double(near) != x else { return near }
  let isTooLarge = Double(near).magnitude > x.magnitude
  let bits = isTooLarge ? near.bitPattern &- 1 : near.bitPattern
  return Float(bitPattern: bits | 1)
}
