/// A function of the bits of two integers.
package enum BitFunction: Sendable, Hashable {
  case and, or, xor
}

/// Applies `function` to the bits of `a` and `b` with broadcasting. Returns false when types or
/// shapes do not fit, or for floating point.
package func bitwise(_ function: BitFunction, _ a: Source, _ b: Source, into y: Target) -> Bool {
  guard a.scalar == b.scalar, a.scalar == y.scalar, a.scalar != .float, a.scalar != .double,
    a.scalar != .bool, let plan = Broadcast([a.shape, b.shape], onto: y.shape)
  else { return false }
  switch a.scalar.size {
  case 1: bits(function, plan, a, b, y, UInt8.self)
  case 2: bits(function, plan, a, b, y, UInt16.self)
  case 4: bits(function, plan, a, b, y, UInt32.self)
  default: bits(function, plan, a, b, y, UInt64.self)
  }
  return true
}

private func bits<T: FixedWidthInteger>(
  _ function: BitFunction, _ plan: Broadcast, _ a: Source, _ b: Source, _ y: Target, _ type: T.Type
) {
  let steps = plan.inner
  overRows(plan, a, b, y, type, type, type) { a, b, y, n in
    switch function {
    case .and: row(a, b, y, n, steps) { $0 & $1 }
    case .or: row(a, b, y, n, steps) { $0 | $1 }
    case .xor: row(a, b, y, n, steps) { $0 ^ $1 }
    }
  }
}

/// The bits of every integer turned. Returns false for other types.
package func bitwiseNot(_ x: Source, into y: Target) -> Bool {
  guard x.scalar == y.scalar, x.count == y.count else { return false }
  switch x.scalar {
  case .bool, .float, .double: return false
  default: break
  }
  for (index, byte) in x.bytes.enumerated() { y.bytes[index] = ~byte }
  return true
}
