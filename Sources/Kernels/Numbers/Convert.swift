/// Converts every element to the target's type. Floating point to integer truncates toward zero and
/// saturates, NaN gives 0; integers to narrower ones wrap around; to bool is `!= 0`. Returns false
/// when the counts differ.
package func convert(_ x: Source, into y: Target) -> Bool {
  guard x.count == y.count else { return false }
  if x.scalar == y.scalar {
    guard x.bytes.count <= y.bytes.count else { return false }
    y.bytes.copyMemory(from: x.bytes)
    return true
  }
  switch x.scalar {
  case .float: fromReal(x, y, Float.self)
  case .double: fromReal(x, y, Double.self)
  case .bool: fromBool(x, y)
  case .uint8: fromInteger(x, y, UInt8.self)
  case .int8: fromInteger(x, y, Int8.self)
  case .uint16: fromInteger(x, y, UInt16.self)
  case .int16: fromInteger(x, y, Int16.self)
  case .uint32: fromInteger(x, y, UInt32.self)
  case .int32: fromInteger(x, y, Int32.self)
  case .uint64: fromInteger(x, y, UInt64.self)
  case .int64: fromInteger(x, y, Int64.self)
  }
  return true
}

/// Calls `body` with the elements of `x` as another type, in memory that lives for the call. Always
/// returns true, for callers that report success this way.
func withConverted(_ x: Source, to scalar: Scalar, _ body: (Source) -> Void) -> Bool {
  if x.scalar == scalar {
    body(x)
    return true
  }
  let bytes = UnsafeMutableRawBufferPointer.allocate(
    byteCount: x.count * scalar.size, alignment: 64)
  defer { bytes.deallocate() }
  guard convert(x, into: Target(scalar, x.shape, bytes)) else { return false }
  body(Source(scalar, x.shape, UnsafeRawBufferPointer(bytes)))
  return true
}

private func fromReal<T: BinaryFloatingPoint>(_ x: Source, _ y: Target, _ type: T.Type) {
  switch y.scalar {
  case .float: overChunks(x, y, type, Float.self) { each($0, $1, $2) { Float($0) } }
  case .double: overChunks(x, y, type, Double.self) { each($0, $1, $2) { Double($0) } }
  case .bool: overChunks(x, y, type, UInt8.self) { each($0, $1, $2) { $0 != 0 ? 1 : 0 } }
  case .uint8: saturate(x, y, type, UInt8.self)
  case .int8: saturate(x, y, type, Int8.self)
  case .uint16: saturate(x, y, type, UInt16.self)
  case .int16: saturate(x, y, type, Int16.self)
  case .uint32: saturate(x, y, type, UInt32.self)
  case .int32: saturate(x, y, type, Int32.self)
  case .uint64: saturate(x, y, type, UInt64.self)
  case .int64: saturate(x, y, type, Int64.self)
  }
}

private func saturate<T: BinaryFloatingPoint, U: FixedWidthInteger>(
  _ x: Source, _ y: Target, _ type: T.Type, _ integer: U.Type
) {
  overChunks(x, y, type, integer) { each($0, $1, $2) { U(saturating: $0) } }
}

private func fromBool(_ x: Source, _ y: Target) {
  switch y.scalar {
  case .float: overChunks(x, y, UInt8.self, Float.self) { each($0, $1, $2) { $0 != 0 ? 1 : 0 } }
  case .double: overChunks(x, y, UInt8.self, Double.self) { each($0, $1, $2) { $0 != 0 ? 1 : 0 } }
  case .bool, .uint8, .int8: truth(x, y, UInt8.self)
  case .uint16, .int16: truth(x, y, UInt16.self)
  case .uint32, .int32: truth(x, y, UInt32.self)
  case .uint64, .int64: truth(x, y, UInt64.self)
  }
}

private func truth<U: FixedWidthInteger>(_ x: Source, _ y: Target, _ type: U.Type) {
  overChunks(x, y, UInt8.self, type) { each($0, $1, $2) { $0 != 0 ? 1 : 0 } }
}

private func fromInteger<T: FixedWidthInteger>(_ x: Source, _ y: Target, _ type: T.Type) {
  switch y.scalar {
  case .float: overChunks(x, y, type, Float.self) { each($0, $1, $2) { Float($0) } }
  case .double: overChunks(x, y, type, Double.self) { each($0, $1, $2) { Double($0) } }
  case .bool: overChunks(x, y, type, UInt8.self) { each($0, $1, $2) { $0 != 0 ? 1 : 0 } }
  case .uint8, .int8: wrap(x, y, type, UInt8.self)
  case .uint16, .int16: wrap(x, y, type, UInt16.self)
  case .uint32, .int32: wrap(x, y, type, UInt32.self)
  case .uint64, .int64: wrap(x, y, type, UInt64.self)
  }
}

private func wrap<T: FixedWidthInteger, U: FixedWidthInteger>(
  _ x: Source, _ y: Target, _ type: T.Type, _ integer: U.Type
) {
  overChunks(x, y, type, integer) { each($0, $1, $2) { U(truncatingIfNeeded: $0) } }
}
