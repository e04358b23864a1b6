private import Glibc

/// `aᵇ` in the type of `a`. Squares and cubes of floats are products.
func power(_ a: Source, _ b: Source, into y: Target) -> Bool {
  guard a.scalar == y.scalar, let plan = Broadcast([a.shape, b.shape], onto: y.shape) else {
    return false
  }
  switch a.scalar {
  case .float: return floatPower(plan, a, b, y)
  case .double: return real(plan, a, b, y, Double.self) { Glibc.pow($0, $1) }
  case .bool: return false
  case .uint8: return integerPower(plan, a, b, y, UInt8.self)
  case .int8: return integerPower(plan, a, b, y, Int8.self)
  case .uint16: return integerPower(plan, a, b, y, UInt16.self)
  case .int16: return integerPower(plan, a, b, y, Int16.self)
  case .uint32: return integerPower(plan, a, b, y, UInt32.self)
  case .int32: return integerPower(plan, a, b, y, Int32.self)
  case .uint64: return integerPower(plan, a, b, y, UInt64.self)
  case .int64: return integerPower(plan, a, b, y, Int64.self)
  }
}

private func floatPower(_ plan: Broadcast, _ a: Source, _ b: Source, _ y: Target) -> Bool {
  withConverted(b, to: .float) { b in
    let steps = plan.inner
    overRows(plan, a, b, y, Float.self, Float.self, Float.self) { a, b, y, n in
      if steps[1] == 0, b[0] == 2 {
        row(a, b, y, n, steps) { x, _ in x * x }
      } else if steps[1] == 0, b[0] == 3 {
        row(a, b, y, n, steps) { x, _ in x * x * x }
      } else {
        row(a, b, y, n, steps) { Glibc.pow($0, $1) }
      }
    }
  }
}

private func real<T: Arithmetic>(
  _ plan: Broadcast, _ a: Source, _ b: Source, _ y: Target, _ type: T.Type,
  _ f: (T, Double) -> T
) -> Bool {
  withConverted(b, to: .double) { b in
    let steps = plan.inner
    overRows(plan, a, b, y, type, Double.self, type) { row($0, $1, $2, $3, steps, f) }
  }
}

/// An integer exponent multiplies exactly and wraps around; a real one goes through Double.
private func integerPower<T: Arithmetic & FixedWidthInteger>(
  _ plan: Broadcast, _ a: Source, _ b: Source, _ y: Target, _ type: T.Type
) -> Bool {
  if b.scalar == .float || b.scalar == .double {
    return real(plan, a, b, y, type) { T(saturating: Glibc.pow(Double($0), $1)) }
  }
  return withConverted(b, to: .int64) { b in
    let steps = plan.inner
    overRows(plan, a, b, y, type, Int64.self, type) { row($0, $1, $2, $3, steps) { raise($0, $1) } }
  }
}

/// Repeated squaring. A negative exponent gives the reciprocal truncated: 0 unless the base is ±1.
private func raise<T: FixedWidthInteger>(_ base: T, _ exponent: Int64) -> T {
  if exponent < 0 {
    if base == 1 { return 1 }
    guard T.isSigned, base == 0 &- 1 else { return 0 }
    return exponent % 2 == 0 ? 1 : base
  }
  var result: T = 1, factor = base, rest = exponent
  while rest > 0 {
    if rest & 1 == 1 { result = result &* factor }
    factor = factor &* factor
    rest >>= 1
  }
  return result
}
