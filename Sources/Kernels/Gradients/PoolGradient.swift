/// Which pool's derivative is meant.
package enum PoolGradient: Sendable, Hashable {
  /// The largest element of each window; the first one, where several are equal.
  case maximum
  case mean(includesPadding: Bool)
}

/// The cotangent of a pool's data, `x`, from that of its result, `g`. In float or double; false for
/// other element types.
package func poolGradient(
  _ kind: PoolGradient, _ window: Window, _ g: Source, _ x: Source, into y: Target
) -> Bool {
  guard g.scalar == x.scalar, x.scalar == y.scalar else { return false }
  switch x.scalar {
  case .float:
    run(
      kind, window, g.bytes.base(Float.self), x.bytes.base(Float.self), y.bytes.base(Float.self), x)
  case .double:
    run(
      kind, window, g.bytes.base(Double.self), x.bytes.base(Double.self), y.bytes.base(Double.self),
      x)
  default: return false
  }
  return true
}

private func run<T: BinaryFloatingPoint & BitwiseCopyable>(
  _ kind: PoolGradient, _ window: Window, _ g: UnsafePointer<T>, _ x: UnsafePointer<T>,
  _ y: UnsafeMutablePointer<T>, _ source: Source
) {
  let window = window.extended
  let inPlane = window.inputCount, outPlane = window.outputCount
  let planes = source.count / max(1, inPlane)
  parallel(planes, grain: max(1, 1 << 14 / max(1, inPlane))) { range in
    for plane in range {
      let target = y + plane * inPlane
      target.initialize(repeating: 0, count: inPlane)
      let values = x + plane * inPlane, given = g + plane * outPlane
      for position in 0..<outPlane {
        switch kind {
        case .maximum:
          if let place = largest(window, position, values) { target[place] += given[position] }
        case .mean(let includesPadding):
          share(window, position, given[position], includesPadding, target)
        }
      }
    }
  }
}

/// Where a window's axes begin, in the input.
@inline(__always)
private func corner(_ window: Window, _ position: Int) -> (Int, Int, Int) {
  let (height, width) = (window.output[1], window.output[2])
  return (
    position / (height * width) * window.strides[0] - window.padsBegin[0],
    position / width % height * window.strides[1] - window.padsBegin[1],
    position % width * window.strides[2] - window.padsBegin[2]
  )
}

/// Calls `body` with the place of each element of a window that is no padding.
@inline(__always)
private func overWindow(_ window: Window, _ position: Int, _ body: (Int) -> Void) {
  let (first, second, third) = corner(window, position)
  let (depth, height, width) = (window.input[0], window.input[1], window.input[2])
  for i in 0..<window.kernel[0] {
    let d = first + i * window.dilations[0]
    guard d >= 0, d < depth else { continue }
    for j in 0..<window.kernel[1] {
      let h = second + j * window.dilations[1]
      guard h >= 0, h < height else { continue }
      for k in 0..<window.kernel[2] {
        let w = third + k * window.dilations[2]
        guard w >= 0, w < width else { continue }
        body((d * height + h) * width + w)
      }
    }
  }
}

private func largest<T: BinaryFloatingPoint>(
  _ window: Window, _ position: Int, _ values: UnsafePointer<T>
) -> Int? {
  var found: Int?
  overWindow(window, position) { place in
    if found.map({ values[place] > values[$0] }) ?? true { found = place }
  }
  return found
}

private func share<T: BinaryFloatingPoint>(
  _ window: Window, _ position: Int, _ g: T, _ includesPadding: Bool,
  _ target: UnsafeMutablePointer<T>
) {
  var count = 0
  if includesPadding {
    let (first, second, third) = corner(window, position)
    count = 1
    for (axis, begin) in [first, second, third].enumerated() {
      let low = -window.padsBegin[axis], high = window.input[axis] + window.padsEnd[axis]
      count *= (0..<window.kernel[axis]).reduce(0) { sum, k in
        let place = begin + k * window.dilations[axis]
        return sum + (place >= low && place < high ? 1 : 0)
      }
    }
  } else {
    overWindow(window, position) { _ in count += 1 }
  }
  guard count > 0 else { return }
  let part = g / T(count)
  overWindow(window, position) { target[$0] += part }
}
