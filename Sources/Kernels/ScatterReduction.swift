/// How scattered elements combine with what is there.
package enum ScatterReduction: Sendable {
  case add, multiply, minimum, maximum
}

/// Combines consecutive runs of `run` elements with the target at the given offsets, in order.
/// Integers wrap.
package func scatterReduce(
  _ reduction: ScatterReduction, _ offsets: [Int], run: Int, from source: Source, to target: Target
) {
  let body = ScatterBody(reduction: reduction, offsets: offsets, run: run)
  switch source.scalar {
  case .float: body.floats(source.elements(Float.self), target.elements(Float.self))
  case .double: body.floats(source.elements(Double.self), target.elements(Double.self))
  case .int64: body.integers(source.elements(Int64.self), target.elements(Int64.self))
  case .uint64: body.integers(source.elements(UInt64.self), target.elements(UInt64.self))
  case .int32: body.integers(source.elements(Int32.self), target.elements(Int32.self))
  case .uint32: body.integers(source.elements(UInt32.self), target.elements(UInt32.self))
  case .int16: body.integers(source.elements(Int16.self), target.elements(Int16.self))
  case .uint16: body.integers(source.elements(UInt16.self), target.elements(UInt16.self))
  case .int8: body.integers(source.elements(Int8.self), target.elements(Int8.self))
  case .uint8, .bool: body.integers(source.elements(UInt8.self), target.elements(UInt8.self))
  }
}

private struct ScatterBody {
  let reduction: ScatterReduction
  let offsets: [Int]
  let run: Int

  @inline(__always)
  private func each<T: Comparable>(
    _ source: UnsafeBufferPointer<T>, _ target: UnsafeMutableBufferPointer<T>,
    _ add: (T, T) -> T, _ multiply: (T, T) -> T
  ) {
    for (position, offset) in offsets.enumerated() {
      for i in 0..<run {
        let new = source[position * run + i]
        let old = target[offset + i]
        switch reduction {
        case .add: target[offset + i] = add(old, new)
        case .multiply: target[offset + i] = multiply(old, new)
        case .minimum: target[offset + i] = min(old, new)
        case .maximum: target[offset + i] = max(old, new)
        }
      }
    }
  }

  func floats<T: FloatingPoint>(
    _ source: UnsafeBufferPointer<T>, _ target: UnsafeMutableBufferPointer<T>
  ) { each(source, target, { $0 + $1 }, { $0 * $1 }) }

  func integers<T: FixedWidthInteger>(
    _ source: UnsafeBufferPointer<T>, _ target: UnsafeMutableBufferPointer<T>
  ) { each(source, target, { $0 &+ $1 }, { $0 &* $1 }) }
}
