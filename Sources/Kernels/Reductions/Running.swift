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
  source.scalar.run(
    Running(
      function: function, outer: outer, length: length, inner: inner, exclusive: exclusive,
      reverse: reverse, source: source, target: target))
}

private struct Running: SplitNumericBody {
  let function: RunningFunction
  let outer, length, inner: Int
  let exclusive, reverse: Bool
  let source: Source
  let target: Target

  @inline(__always)
  private func each<T: Numeric & BitwiseCopyable>(start: T, _ join: (T, T) -> T) {
    let source = source.elements(T.self), target = target.elements(T.self)
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

  func floats<T: FloatingPoint & BitwiseCopyable>(_ type: T.Type) {
    switch function {
    case .sum: each(start: T.zero) { $0 + $1 }
    case .product: each(start: T(1)) { $0 * $1 }
    }
  }

  func integers<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) {
    switch function {
    case .sum: each(start: T.zero) { $0 &+ $1 }
    case .product: each(start: T(1)) { $0 &* $1 }
    }
  }
}
