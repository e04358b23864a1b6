private import Glibc

/// Resizes a tensor by combining elements along each axis in turn: in float or double, integers in
/// double and rounded afterwards, half to even.
///
/// - Parameters:
///   - taps: what each output index of an axis combines; nil where the axis stays as it is.
///   - outside: for each axis the output indices that become `value` instead.
/// - Returns: false for bools, and when types differ.
package func interpolate(
  _ x: Source, taps: [Taps?], outside: [[Int]], value: Float, into y: Target
) -> Bool {
  guard x.scalar == y.scalar, x.scalar != .bool, x.count > 0 else { return false }
  switch x.scalar {
  case .float: interpolate(x, taps, outside, value, y)
  case .double: interpolate(x, taps, outside, Double(value), y)
  default:
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 * y.count, alignment: 64)
    defer { bytes.deallocate() }
    let wide = Target(.double, y.shape, bytes)
    guard
      withConverted(
        x, to: .double, { interpolate($0, taps, outside, Double(value), wide) })
    else { return false }
    let results = Source(.double, y.shape, UnsafeRawBufferPointer(bytes))
    return unary(.round, results, into: wide) && convert(results, into: y)
  }
  return true
}

private func interpolate<T: BinaryFloatingPoint & BitwiseCopyable>(
  _ x: Source, _ taps: [Taps?], _ outside: [[Int]], _ value: T, _ y: Target
) {
  let to = y.bytes.base(T.self)
  interpolate(x.bytes.base(T.self), shape: x.shape, taps: taps, into: to)
  for (axis, indices) in outside.enumerated() where !indices.isEmpty {
    overwrite(to, shape: y.shape, axis: axis, indices: indices, with: value)
  }
}

/// Resizes by combining elements along each axis in turn.
///
/// - Parameters:
///   - shape: the source's shape.
///   - taps: what each output index of an axis combines; nil where the axis stays as it is.
private func interpolate<T: BinaryFloatingPoint & BitwiseCopyable>(
  _ source: UnsafePointer<T>, shape: [Int], taps: [Taps?],
  into target: UnsafeMutablePointer<T>
) {
  // Axes that shrink most go first, so that later passes have less to do.
  let axes = shape.indices.filter { taps[$0] != nil }.sorted {
    (taps[$0]!.count * shape[$1], $0) < (taps[$1]!.count * shape[$0], $1)
  }
  guard !axes.isEmpty else {
    memcpy(target, source, shape.reduce(1, *) * MemoryLayout<T>.stride)
    return
  }
  var shape = shape
  var from = source
  var buffers: [UnsafeMutablePointer<T>] = []
  defer { for buffer in buffers { buffer.deallocate() } }
  for (position, axis) in axes.enumerated() {
    guard let taps = taps[axis] else { continue }
    let pass = AxisPass<T>(
      outer: shape[..<axis].reduce(1, *), length: shape[axis],
      inner: shape[(axis + 1)...].reduce(1, *), taps: taps)
    shape[axis] = taps.count
    var to = target
    if position < axes.count - 1 {
      to = .allocate(capacity: max(1, shape.reduce(1, *)))
      buffers.append(to)
    }
    pass.run(from, to)
    from = UnsafePointer(to)
  }
}

/// Writes `value` at the given indices of one axis.
private func overwrite<T: BitwiseCopyable>(
  _ target: UnsafeMutablePointer<T>, shape: [Int], axis: Int, indices: [Int], with value: T
) {
  let inner = shape[(axis + 1)...].reduce(1, *)
  for outer in 0..<shape[..<axis].reduce(1, *) {
    for index in indices {
      (target + (outer * shape[axis] + index) * inner).update(repeating: value, count: inner)
    }
  }
}

/// Interpolation along one axis of a tensor seen as [outer, length, inner].
private struct AxisPass<T: BinaryFloatingPoint & BitwiseCopyable> {
  let outer: Int
  let length: Int
  let inner: Int
  let taps: Taps
  /// The taps' weights in the numbers' own type.
  let weights: [T]

  init(outer: Int, length: Int, inner: Int, taps: Taps) {
    self.outer = outer
    self.length = length
    self.inner = inner
    self.taps = taps
    weights = taps.weights.map { T($0) }
  }

  func run(_ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>) {
    taps.indices.withUnsafeBufferPointer { indices in
      weights.withUnsafeBufferPointer { weights in
        if inner == 1 {
          parallel(outer, grain: max(1, 16384 / max(1, taps.count))) { range in
            for row in range {
              line(source + row * length, target + row * taps.count, indices, weights)
            }
          }
        } else {
          parallel(outer * taps.count, grain: max(1, 16384 / inner)) { range in
            for row in range {
              let (block, index) = row.quotientAndRemainder(dividingBy: taps.count)
              combine(
                source + block * length * inner, target + row * inner, index * taps.width, indices,
                weights)
            }
          }
        }
      }
    }
  }

  /// One line of single elements.
  private func line(
    _ from: UnsafePointer<T>, _ to: UnsafeMutablePointer<T>,
    _ indices: UnsafeBufferPointer<Int>, _ weights: UnsafeBufferPointer<T>
  ) {
    if taps.width == 2 {
      for i in 0..<taps.count {
        to[i] =
          from[indices[2 &* i]] * weights[2 &* i] + from[indices[2 &* i &+ 1]]
          * weights[2 &* i &+ 1]
      }
    } else {
      for i in 0..<taps.count {
        var sum: T = 0
        for tap in i &* taps.width..<(i &+ 1) &* taps.width {
          sum += from[indices[tap]] * weights[tap]
        }
        to[i] = sum
      }
    }
  }

  /// One run of `inner` elements from the runs it combines.
  private func combine(
    _ block: UnsafePointer<T>, _ to: UnsafeMutablePointer<T>, _ first: Int,
    _ indices: UnsafeBufferPointer<Int>, _ weights: UnsafeBufferPointer<T>
  ) {
    let a = block + indices[first] * inner
    let b = block + indices[first + 1] * inner
    let wa = weights[first]
    let wb = weights[first + 1]
    guard taps.width == 4 else {
      for i in 0..<inner { to[i] = a[i] * wa + b[i] * wb }
      for tap in first + 2..<first + taps.width {
        let row = block + indices[tap] * inner, weight = weights[tap]
        for i in 0..<inner { to[i] += row[i] * weight }
      }
      return
    }
    let c = block + indices[first + 2] * inner
    let d = block + indices[first + 3] * inner
    let wc = weights[first + 2]
    let wd = weights[first + 3]
    for i in 0..<inner { to[i] = a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd }
  }
}
