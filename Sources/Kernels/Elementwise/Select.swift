/// `condition ? a : b` element by element with broadcasting. Returns false when the types or shapes
/// do not fit. `condition` is of bools; `a`, `b` and `y` have one type.
package func select(_ condition: Source, _ a: Source, _ b: Source, into y: Target) -> Bool {
  guard condition.scalar == .bool, a.scalar == b.scalar, a.scalar == y.scalar,
    let plan = Broadcast([condition.shape, a.shape, b.shape], onto: y.shape)
  else { return false }
  switch y.scalar.size {
  case 1: choose(plan, condition, a, b, y, UInt8.self)
  case 2: choose(plan, condition, a, b, y, UInt16.self)
  case 4: choose(plan, condition, a, b, y, UInt32.self)
  default: choose(plan, condition, a, b, y, UInt64.self)
  }
  return true
}

private func choose<T: FixedWidthInteger>(
  _ plan: Broadcast, _ condition: Source, _ a: Source, _ b: Source, _ y: Target, _: T.Type
) {
  guard let flags = condition.elements(UInt8.self).baseAddress,
    let first = a.elements(T.self).baseAddress, let second = b.elements(T.self).baseAddress,
    let out = y.elements(T.self).baseAddress
  else { return }
  let steps = plan.inner
  plan.forEachRow { output, offsets, count in
    let flags = flags + offsets[0], x = first + offsets[1], z = second + offsets[2]
    let y = out + output
    if steps == SIMD4(1, 1, 1, 0) {
      for i in 0..<count { y[i] = flags[i] != 0 ? x[i] : z[i] }
    } else if steps[0] == 0 {
      let chosen = flags[0] != 0 ? x : z
      let step = flags[0] != 0 ? steps[1] : steps[2]
      for i in 0..<count { y[i] = chosen[i &* step] }
    } else {
      let (p, q) = (steps[1], steps[2])
      for i in 0..<count { y[i] = flags[i] != 0 ? x[i &* p] : z[i &* q] }
    }
  }
}
