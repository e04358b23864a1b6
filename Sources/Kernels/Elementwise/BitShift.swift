/// Shifts the bits of unsigned integers, with broadcasting; bits that leave are lost. Returns false
/// for other types or when shapes do not fit.
package func bitShift(left: Bool, _ a: Source, by b: Source, into y: Target) -> Bool {
  guard a.scalar == b.scalar, a.scalar == y.scalar,
    let plan = Broadcast([a.shape, b.shape], onto: y.shape)
  else { return false }
  // By a negative number of bits, or by as many as there are, every bit is shifted out.
  func run<T: FixedWidthInteger>(_ type: T.Type) {
    let steps = plan.inner
    overRows(plan, a, b, y, type, type, type) { a, b, y, n in
      if left {
        row(a, b, y, n, steps) { x, bits in
          bits < 0 || bits >= T.bitWidth ? 0 : x &<< bits
        }
      } else {
        row(a, b, y, n, steps) { x, bits in
          bits < 0 || bits >= T.bitWidth ? (x < 0 ? ~0 : 0) : x &>> bits
        }
      }
    }
  }
  switch a.scalar {
  case .uint8: run(UInt8.self)
  case .uint16: run(UInt16.self)
  case .uint32: run(UInt32.self)
  case .uint64: run(UInt64.self)
  case .int8: run(Int8.self)
  case .int16: run(Int16.self)
  case .int32: run(Int32.self)
  case .int64: run(Int64.self)
  default: return false
  }
  return true
}
