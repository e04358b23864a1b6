/// What runs along an axis.
package enum RunningFunction: Sendable {
  case sum, product
}

/// Running sums or products along the middle axis of a tensor seen as [outer, length, inner].
/// Integers wrap.
///
/// - Parameters:
///   - exclusive: leaves the element itself out of its sum.
///   - reverse: runs from the end.
package func running(
  _ function: RunningFunction, _ source: Source, outer: Int, length: Int, inner: Int,
  exclusive: Bool, reverse: Bool,
  into target: Target
) {
  let body = Running(
    function: function, outer: outer, length: length, inner: inner, exclusive: exclusive,
    reverse: reverse)
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

private struct Running {
  let function: RunningFunction
  let outer, length, inner: Int
  let exclusive, reverse: Bool

  @inline(__always)
  private func each<T: Numeric>(
    _ source: UnsafeBufferPointer<T>, _ target: UnsafeMutableBufferPointer<T>,
    start: T, _ join: (T, T) -> T
  ) {
    for block in 0..<outer {
      for column in 0..<inner {
        var result = start
        for step in 0..<length {
          let place = (block * length + (reverse ? length - 1 - step : step)) * inner + column
          let next = join(result, source[place])
          target[place] = exclusive ? result : next
          result = next
        }
      }
    }
  }

  func floats<T: FloatingPoint>(
    _ source: UnsafeBufferPointer<T>, _ target: UnsafeMutableBufferPointer<T>
  ) {
    switch function {
    case .sum: each(source, target, start: 0) { $0 + $1 }
    case .product: each(source, target, start: 1) { $0 * $1 }
    }
  }

  func integers<T: FixedWidthInteger>(
    _ source: UnsafeBufferPointer<T>, _ target: UnsafeMutableBufferPointer<T>
  ) {
    switch function {
    case .sum: each(source, target, start: 0) { $0 &+ $1 }
    case .product: each(source, target, start: 1) { $0 &* $1 }
    }
  }
}
