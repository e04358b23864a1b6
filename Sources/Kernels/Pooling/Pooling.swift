private import Glibc

/// The largest element of each window, in float, double, int8 or uint8.
///
/// A window that lies wholly in the padding gives the type's lowest value, one with an element that is
/// no number gives such.
/// - Parameter planes: how many planes (samples times channels) the window slides over.
/// - Returns: false for other element types.
package func maxPool(_ window: Window, planes: Int, _ x: Source, into y: Target) -> Bool {
  guard x.scalar == y.scalar else { return false }
  func run<T: Comparable & BitwiseCopyable>(_ lowest: T) {
    pool(
      window, planes: planes, x.bytes.base(T.self), y.bytes.base(T.self), start: lowest
    ) { $1 > $0 ? $1 : $0 }
  }
  func runFloats<T: BinaryFloatingPoint & BitwiseCopyable>(_ lowest: T) {
    pool(
      window, planes: planes, x.bytes.base(T.self), y.bytes.base(T.self), start: lowest
    ) { $1 <= $0 || $0 != $0 ? $0 : $1 }
  }
  switch x.scalar {
  case .float: runFloats(-Float.infinity)
  case .double: runFloats(-Double.infinity)
  case .int8: run(Int8.min)
  case .uint8: run(UInt8.min)
  default: return false
  }
  return true
}

/// The average of each window, in float or double.
///
/// - Parameters:
///   - planes: how many planes (samples times channels) the window slides over.
///   - includePadding: whether padding counts, as zeros, where it lies within `padsBegin` and
///     `padsEnd`.
/// - Returns: false for other element types.
package func averagePool(
  _ window: Window, planes: Int, includePadding: Bool, _ x: Source, into y: Target
) -> Bool {
  guard x.scalar == y.scalar else { return false }
  let counts = window.counts(includePadding: includePadding)
  func run<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) {
    let target = y.bytes.base(T.self)
    pool(window, planes: planes, x.bytes.base(T.self), target, start: T.zero) { $0 + $1 }
    let divisors = counts.map { T(max(1, $0)) }
    parallel(planes, grain: max(1, 1 << 16 / max(1, divisors.count))) { range in
      divisors.withUnsafeBufferPointer { divisors in
        for plane in range {
          let line = target + plane * divisors.count
          for i in 0..<divisors.count { line[i] /= divisors[i] }
        }
      }
    }
  }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  default: return false
  }
  return true
}

/// The `p`-norm of each window, in float or double; padding counts as zeros.
///
/// - Parameters:
///   - planes: how many planes (samples times channels) the window slides over.
///   - p: at least 1.
/// - Returns: false for other element types.
package func normPool(
  _ window: Window, planes: Int, p: Int, _ x: Source, into y: Target
) -> Bool {
  guard x.scalar == y.scalar else { return false }
  func run<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) {
    let source = x.bytes.base(T.self), target = y.bytes.base(T.self)
    let powers = UnsafeMutablePointer<T>.allocate(capacity: max(1, x.count))
    defer { powers.deallocate() }
    for i in 0..<x.count {
      let value = abs(source[i])
      let power = p == 1 ? value : p == 2 ? value * value : T(pow(Double(value), Double(p)))
      (powers + i).initialize(to: power)
    }
    pool(window, planes: planes, UnsafePointer(powers), target, start: T.zero) { $0 + $1 }
    guard p > 1 else { return }
    for i in 0..<y.count {
      target[i] = p == 2 ? target[i].squareRoot() : T(pow(Double(target[i]), 1 / Double(p)))
    }
  }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  default: return false
  }
  return true
}

extension Window {
  /// How many kernel positions of each output count for an average.
  fileprivate func counts(includePadding: Bool) -> [Int] {
    var counts = [1]
    for axis in 0..<rank {
      let end = input[axis] + (includePadding ? padsEnd[axis] : 0)
      let begin = includePadding ? -padsBegin[axis] : 0
      let perAxis = (0..<output[axis]).map { o in
        (0..<kernel[axis]).reduce(0) { count, k in
          let position = o * strides[axis] + k * dilations[axis] - padsBegin[axis]
          return count + (position >= begin && position < end ? 1 : 0)
        }
      }
      counts = counts.flatMap { outer in perAxis.map { outer * $0 } }
    }
    return counts
  }
}

/// Reduces each window by `combine`, kernel position by kernel position.
@inline(__always)
private func pool<T: BitwiseCopyable>(
  _ window: Window, planes: Int, _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, start: T,
  _ combine: (T, T) -> T
) {
  let window = window.threeAxes
  let taps = window.taps
  let inputPlane = window.inputCount, outputPlane = window.outputCount
  let (inHeight, inWidth) = (window.input[1], window.input[2])
  let (outHeight, outWidth) = (window.output[1], window.output[2])
  let (depthStride, rowStride, stride) = (window.strides[0], window.strides[1], window.strides[2])
  let work = max(1, outputPlane * taps.count)
  parallel(planes, grain: max(1, 1 << 15 / work)) { range in
    for plane in range {
      let source = x + plane * inputPlane, target = y + plane * outputPlane
      target.initialize(repeating: start, count: outputPlane)
      for tap in taps where !tap.column.isEmpty {
        for d in tap.depth {
          let inDepth = (d * depthStride + tap.depthOffset) * inHeight
          for h in tap.row {
            let inRow = inDepth + h * rowStride + tap.rowOffset
            let first = tap.column.lowerBound
            let input = source + inRow * inWidth + first * stride + tap.columnOffset
            let output = target + (d * outHeight + h) * outWidth + first
            if stride == 1 {
              for i in 0..<tap.column.count { output[i] = combine(output[i], input[i]) }
            } else {
              for i in 0..<tap.column.count { output[i] = combine(output[i], input[i &* stride]) }
            }
          }
        }
      }
    }
  }
}

/// Where the largest element of each window is: its index in the whole input tensor.
///
/// - Parameter columnMajor: whether the position within a plane is counted with the first spatial
///   axis running fastest.
/// - Returns: false for element types that `maxPool` does not take.
package func maxPoolIndices(
  _ window: Window, planes: Int, columnMajor: Bool, _ x: Source, into y: UnsafeMutablePointer<Int64>
) -> Bool {
  func run<T: Comparable & BitwiseCopyable>(_ type: T.Type) {
    let window = window.extended
    let source = x.bytes.base(T.self)
    let (input, output, kernel) = (window.input, window.output, window.kernel)
    func position(_ d: Int, _ h: Int, _ w: Int) -> Int {
      columnMajor
        ? d + input[0] * (h + input[1] * w) : (d * input[1] + h) * input[2] + w
    }
    var next = 0
    for plane in 0..<planes {
      let base = plane * window.inputCount
      for od in 0..<output[0] {
        for oh in 0..<output[1] {
          for ow in 0..<output[2] {
            var best: (value: T, index: Int)?
            for kd in 0..<kernel[0] {
              let d = od * window.strides[0] + kd * window.dilations[0] - window.padsBegin[0]
              guard d >= 0, d < input[0] else { continue }
              for kh in 0..<kernel[1] {
                let h = oh * window.strides[1] + kh * window.dilations[1] - window.padsBegin[1]
                guard h >= 0, h < input[1] else { continue }
                for kw in 0..<kernel[2] {
                  let w = ow * window.strides[2] + kw * window.dilations[2] - window.padsBegin[2]
                  guard w >= 0, w < input[2] else { continue }
                  let value = source[base + (d * input[1] + h) * input[2] + w]
                  if best.map({ value > $0.value || value != value && $0.value == $0.value })
                    ?? true
                  {
                    best = (value, base + position(d, h, w))
                  }
                }
              }
            }
            (y + next).initialize(to: Int64(best?.index ?? 0))
            next += 1
          }
        }
      }
    }
  }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  case .int8: run(Int8.self)
  case .uint8: run(UInt8.self)
  default: return false
  }
  return true
}
