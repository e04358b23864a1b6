/// How scattered elements combine with what is there.
package enum ScatterReduction: Sendable {
  case add, multiply, minimum, maximum
}

/// Combines consecutive runs of `run` elements with the target at the given offsets, in order.
/// Integers wrap.
package func scatterReduce(
  _ reduction: ScatterReduction, _ offsets: [Int], run: Int, from source: Source, to target: Target
) {
  source.scalar.run(
    ScatterBody(reduction: reduction, offsets: offsets, run: run, source: source, target: target))
}

private struct ScatterBody: SplitNumericBody {
  let reduction: ScatterReduction
  let offsets: [Int]
  let run: Int
  let source: Source
  let target: Target

  @inline(__always)
  private func each<T: Comparable & BitwiseCopyable>(
    _ add: (T, T) -> T, _ multiply: (T, T) -> T
  ) {
    let source = source.elements(T.self), target = target.elements(T.self)
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

  func floats<T: FloatingPoint & BitwiseCopyable>(_ type: T.Type) {
    each({ (a: T, b: T) in a + b }, { $0 * $1 })
  }

  func integers<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) {
    each({ (a: T, b: T) in a &+ b }, { $0 &* $1 })
  }
}
