/// A truth value of two elements.
package enum Predicate: Sendable, Hashable {
  case equal, less, lessOrEqual, greater, greaterOrEqual
  /// Of bools only.
  case and, or, xor
}

/// Writes the truth of `predicate` for `a` and `b`, with broadcasting, as bools. Returns false when
/// the types or shapes do not fit.
package func compare(_ predicate: Predicate, _ a: Source, _ b: Source, into y: Target) -> Bool {
  guard a.scalar == b.scalar, y.scalar == .bool,
    let plan = Broadcast([a.shape, b.shape], onto: y.shape)
  else { return false }
  switch a.scalar {
  case .bool: logic(predicate, plan, a, b, y)
  case .float: order(predicate, plan, a, b, y, Float.self)
  case .double: order(predicate, plan, a, b, y, Double.self)
  case .uint8: order(predicate, plan, a, b, y, UInt8.self)
  case .int8: order(predicate, plan, a, b, y, Int8.self)
  case .uint16: order(predicate, plan, a, b, y, UInt16.self)
  case .int16: order(predicate, plan, a, b, y, Int16.self)
  case .uint32: order(predicate, plan, a, b, y, UInt32.self)
  case .int32: order(predicate, plan, a, b, y, Int32.self)
  case .uint64: order(predicate, plan, a, b, y, UInt64.self)
  case .int64: order(predicate, plan, a, b, y, Int64.self)
  }
  switch predicate {
  case .and, .or, .xor: return a.scalar == .bool
  default: return true
  }
}

private func order<T: Arithmetic>(
  _ predicate: Predicate, _ plan: Broadcast, _ a: Source, _ b: Source, _ y: Target, _ type: T.Type
) {
  let steps = plan.inner
  overRows(plan, a, b, y, type, type, UInt8.self) { a, b, y, n in
    switch predicate {
    case .equal: row(a, b, y, n, steps) { $0 == $1 ? 1 : 0 }
    case .less: row(a, b, y, n, steps) { $0 < $1 ? 1 : 0 }
    case .lessOrEqual: row(a, b, y, n, steps) { $0 <= $1 ? 1 : 0 }
    case .greater: row(a, b, y, n, steps) { $0 > $1 ? 1 : 0 }
    case .greaterOrEqual: row(a, b, y, n, steps) { $0 >= $1 ? 1 : 0 }
    case .and, .or, .xor: break
    }
  }
}

/// Bools may hold any byte; every byte but 0 is true.
private func logic(_ predicate: Predicate, _ plan: Broadcast, _ a: Source, _ b: Source, _ y: Target)
{
  let steps = plan.inner
  overRows(plan, a, b, y, UInt8.self, UInt8.self, UInt8.self) { a, b, y, n in
    switch predicate {
    case .equal: row(a, b, y, n, steps) { ($0 != 0) == ($1 != 0) ? 1 : 0 }
    case .and: row(a, b, y, n, steps) { $0 != 0 && $1 != 0 ? 1 : 0 }
    case .or: row(a, b, y, n, steps) { $0 | $1 != 0 ? 1 : 0 }
    case .xor: row(a, b, y, n, steps) { ($0 != 0) != ($1 != 0) ? 1 : 0 }
    case .less: row(a, b, y, n, steps) { $0 == 0 && $1 != 0 ? 1 : 0 }
    case .lessOrEqual: row(a, b, y, n, steps) { $0 == 0 || $1 != 0 ? 1 : 0 }
    case .greater: row(a, b, y, n, steps) { $0 != 0 && $1 == 0 ? 1 : 0 }
    case .greaterOrEqual: row(a, b, y, n, steps) { $0 != 0 || $1 == 0 ? 1 : 0 }
    }
  }
}
