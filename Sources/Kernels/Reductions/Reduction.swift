private import Glibc

/// How the elements along the reduced axes become one.
package enum ReduceFunction: Sendable, Hashable {
  case sum, mean, maximum, minimum, product
  /// Sum of absolute values.
  case l1
  /// Root of the sum of squares.
  case l2
  case sumSquare
  /// ln Σx.
  case logSum
  /// ln Σeˣ, computed without overflow.
  case logSumExp
}

/// Reduces `x` over `axes` (non-negative, distinct). `y` holds the results row-major over the axes
/// that remain. Floats are summed in double precision, integers in their own type with wrap-around.
/// Returns false when the type is not supported or the counts do not fit.
package func reduce(_ function: ReduceFunction, _ x: Source, axes: [Int], into y: Target) -> Bool {
  guard x.scalar == y.scalar, axes.allSatisfy({ x.shape.indices.contains($0) }) else {
    return false
  }
  let runs = Runs(x.shape, axes)
  guard runs.kept == y.count else { return false }
  switch x.scalar {
  case .float: return reduce(function, x, axes, runs, y, Float.self)
  case .double: return reduce(function, x, axes, runs, y, Double.self)
  case .uint8: return reduce(function, x, axes, runs, y, UInt8.self)
  case .int8: return reduce(function, x, axes, runs, y, Int8.self)
  case .uint16: return reduce(function, x, axes, runs, y, UInt16.self)
  case .int16: return reduce(function, x, axes, runs, y, Int16.self)
  case .uint32: return reduce(function, x, axes, runs, y, UInt32.self)
  case .int32: return reduce(function, x, axes, runs, y, Int32.self)
  case .uint64: return reduce(function, x, axes, runs, y, UInt64.self)
  case .int64: return reduce(function, x, axes, runs, y, Int64.self)
  case .bool: return false
  }
}

private func reduce<T: Accumulable>(
  _ function: ReduceFunction, _ x: Source, _ axes: [Int], _ runs: Runs, _ y: Target, _ type: T.Type
) -> Bool {
  if function == .logSumExp { return reduceLogSumExp(x, axes, runs, y, type) }
  let out = y.elements(type)
  withAccumulators(T.Wide.self, runs.kept) { sums in
    switch function {
    case .sum, .mean, .logSum: accumulate(SumOf<T>.self, SumOf<T.Wide>.self, x, runs, sums)
    case .l1: accumulate(MagnitudeOf<T>.self, SumOf<T.Wide>.self, x, runs, sums)
    case .l2, .sumSquare: accumulate(SquareOf<T>.self, SumOf<T.Wide>.self, x, runs, sums)
    case .product: accumulate(ProductOf<T>.self, ProductOf<T.Wide>.self, x, runs, sums)
    case .maximum: accumulate(LargestOf<T>.self, LargestOf<T.Wide>.self, x, runs, sums)
    case .minimum: accumulate(SmallestOf<T>.self, SmallestOf<T.Wide>.self, x, runs, sums)
    case .logSumExp: break
    }
    let count = T.Wide(saturating: Double(runs.reduced))
    for (i, sum) in sums.enumerated() {
      switch function {
      case .mean: out[i] = T(wide: T.Wide.over(sum, count))
      case .l2: out[i] = T(wide: T.Wide(saturating: sum.double.squareRoot()))
      case .logSum: out[i] = T(wide: T.Wide(saturating: log(sum.double)))
      default: out[i] = T(wide: sum)
      }
    }
  }
  return true
}

/// The maximum is taken out first, so that no exponential overflows.
private func reduceLogSumExp<T: Accumulable>(
  _ x: Source, _ axes: [Int], _ runs: Runs, _ y: Target, _ type: T.Type
) -> Bool {
  var keptShape = x.shape
  for axis in axes { keptShape[axis] = 1 }
  guard let plan = Broadcast([x.shape, keptShape], onto: x.shape) else { return false }
  let out = y.elements(type)
  withAccumulators(T.Wide.self, runs.kept) { maxima in
    accumulate(LargestOf<T>.self, LargestOf<T.Wide>.self, x, runs, maxima)
    let offsets = maxima.map { $0.double.isFinite ? $0.double : 0 }
    withAccumulators(Double.self, x.count) { exponentials in
      let from = x.elements(type)
      let steps = plan.inner
      if let to = exponentials.baseAddress {
        plan.forEachRow { output, starts, count in
          for i in 0..<count {
            let value = from[starts[0] + i * steps[0]].wide.double
            to[output + i] = exp(value - offsets[starts[1] + i * steps[1]])
          }
        }
      }
      let scaled = Source(.double, x.shape, UnsafeRawBufferPointer(exponentials))
      withAccumulators(Double.self, runs.kept) { sums in
        accumulate(SumOf<Double>.self, SumOf<Double>.self, scaled, runs, sums)
        for (i, sum) in sums.enumerated() {
          out[i] = T(wide: T.Wide(saturating: log(sum) + offsets[i]))
        }
      }
    }
  }
  return true
}

/// Calls `body` with memory for `count` elements, which is not initialised.
private func withAccumulators<T>(
  _ type: T.Type, _ count: Int, _ body: (UnsafeMutableBufferPointer<T>) -> Void
) {
  let buffer = UnsafeMutableBufferPointer<T>.allocate(capacity: count)
  defer { buffer.deallocate() }
  body(buffer)
}
