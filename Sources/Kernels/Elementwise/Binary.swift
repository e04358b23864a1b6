/// A function of two elements of one type.
package enum BinaryFunction: Sendable, Hashable {
  case add, subtract, multiply
  /// Integers truncate; dividing one by zero gives 0.
  case divide
  /// NaN when either operand is.
  case maximum, minimum
  /// The base's type counts; the exponent may have another.
  case power
  /// The first below zero times the second, as in PRelu.
  case prelu
  /// The remainder with the sign of the divisor.
  case modulo
  /// The remainder with the sign of the dividend, as C's `fmod`.
  case remainder
}

/// Applies `function` to `a` and `b` with broadcasting. Integer arithmetic wraps around. Returns
/// false when the types or shapes do not fit; `y` has the broadcast shape and the type of `a`.
/// `y` may share its memory with an operand of its own shape.
package func binary(_ function: BinaryFunction, _ a: Source, _ b: Source, into y: Target) -> Bool {
  if function == .power { return power(a, b, into: y) }
  guard a.scalar == b.scalar, a.scalar == y.scalar,
    let plan = Broadcast([a.shape, b.shape], onto: y.shape)
  else { return false }
  switch a.scalar {
  case .bool: return false
  case .float: arithmetic(function, plan, a, b, y, Float.self)
  case .double: arithmetic(function, plan, a, b, y, Double.self)
  case .uint8: arithmetic(function, plan, a, b, y, UInt8.self)
  case .int8: arithmetic(function, plan, a, b, y, Int8.self)
  case .uint16: arithmetic(function, plan, a, b, y, UInt16.self)
  case .int16: arithmetic(function, plan, a, b, y, Int16.self)
  case .uint32: arithmetic(function, plan, a, b, y, UInt32.self)
  case .int32: arithmetic(function, plan, a, b, y, Int32.self)
  case .uint64: arithmetic(function, plan, a, b, y, UInt64.self)
  case .int64: arithmetic(function, plan, a, b, y, Int64.self)
  }
  return true
}

/// Walks the rows of a plan with two operands.
func overRows<A, B, R>(
  _ plan: Broadcast, _ a: Source, _ b: Source, _ y: Target, _: A.Type, _: B.Type, _: R.Type,
  _ body: (UnsafePointer<A>, UnsafePointer<B>, UnsafeMutablePointer<R>, Int) -> Void
) {
  guard let first = a.elements(A.self).baseAddress, let second = b.elements(B.self).baseAddress,
    let out = y.elements(R.self).baseAddress
  else { return }
  plan.forEachRow { output, offsets, count in
    body(first + offsets[0], second + offsets[1], out + output, count)
  }
}

/// `y[i] = f(a[i], b[i])` along a row, where either operand may stand still. Inlined with its
/// function so that each of the loops vectorises.
@inline(__always)
func row<A, B, R>(
  _ a: UnsafePointer<A>, _ b: UnsafePointer<B>, _ y: UnsafeMutablePointer<R>, _ count: Int,
  _ steps: SIMD4<Int>, _ f: (A, B) -> R
) {
  if steps[0] != 0 {
    if steps[1] != 0 {
      for i in 0..<count { y[i] = f(a[i], b[i]) }
    } else {
      let fixed = b[0]
      for i in 0..<count { y[i] = f(a[i], fixed) }
    }
  } else {
    let fixed = a[0]
    if steps[1] != 0 {
      for i in 0..<count { y[i] = f(fixed, b[i]) }
    } else {
      let value = f(fixed, b[0])
      for i in 0..<count { y[i] = value }
    }
  }
}

private func arithmetic<T: Arithmetic>(
  _ function: BinaryFunction, _ plan: Broadcast, _ a: Source, _ b: Source, _ y: Target,
  _ type: T.Type
) {
  let steps = plan.inner
  overRows(plan, a, b, y, type, type, type) { a, b, y, n in
    switch function {
    case .add: row(a, b, y, n, steps) { T.plus($0, $1) }
    case .subtract: row(a, b, y, n, steps) { T.minus($0, $1) }
    case .multiply: row(a, b, y, n, steps) { T.times($0, $1) }
    case .divide: row(a, b, y, n, steps) { T.over($0, $1) }
    case .maximum: row(a, b, y, n, steps) { larger($0, $1) }
    case .minimum: row(a, b, y, n, steps) { smaller($0, $1) }
    case .prelu: row(a, b, y, n, steps) { $0 < T.zero ? T.times($0, $1) : $0 }
    case .modulo: row(a, b, y, n, steps) { T.modulo($0, $1) }
    case .remainder: row(a, b, y, n, steps) { T.remainder($0, $1) }
    case .power: break
    }
  }
}
