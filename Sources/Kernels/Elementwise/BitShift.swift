/// Shifts the bits of unsigned integers, with broadcasting; bits that leave are lost. Returns false
/// for other types or when shapes do not fit.
package func bitShift(left: Bool, _ a: Source, by b: Source, into y: Target) -> Bool {
  guard a.scalar == b.scalar, a.scalar == y.scalar,
    let plan = Broadcast([a.shape, b.shape], onto: y.shape)
  else { return false }
  func run<T: UnsignedInteger & FixedWidthInteger>(_ type: T.Type) {
    let steps = plan.inner
    overRows(plan, a, b, y, type, type, type) { a, b, y, n in
      if left {
        row(a, b, y, n, steps) { $0 << $1 }
      } else {
        row(a, b, y, n, steps) { $0 >> $1 }
      }
    }
  }
  switch a.scalar {
  case .uint8: run(UInt8.self)
  case .uint16: run(UInt16.self)
  case .uint32: run(UInt32.self)
  case .uint64: run(UInt64.self)
  default: return false
  }
  return true
}
