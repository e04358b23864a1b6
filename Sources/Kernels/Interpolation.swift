private import Foundation

/// Resizes a float tensor by combining input elements along each axis in turn.
///
/// - Parameters:
///   - shape: the source's shape.
///   - taps: what each output index of an axis combines; nil where the axis stays as it is.
package func interpolate(
  _ source: UnsafePointer<Float>, shape: [Int], taps: [Taps?],
  into target: UnsafeMutablePointer<Float>
) {
  // Axes that shrink most go first, so that later passes have less to do.
  let axes = shape.indices.filter { taps[$0] != nil }.sorted {
    (taps[$0]!.count * shape[$1], $0) < (taps[$1]!.count * shape[$0], $1)
  }
  guard !axes.isEmpty else {
    memcpy(target, source, shape.reduce(1, *) * MemoryLayout<Float>.stride)
    return
  }
  var shape = shape
  var from = source
  var buffers: [UnsafeMutablePointer<Float>] = []
  defer { for buffer in buffers { buffer.deallocate() } }
  for (position, axis) in axes.enumerated() {
    guard let taps = taps[axis] else { continue }
    let pass = AxisPass(
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
package func overwrite(
  _ target: UnsafeMutablePointer<Float>, shape: [Int], axis: Int, indices: [Int], with value: Float
) {
  let inner = shape[(axis + 1)...].reduce(1, *)
  for outer in 0..<shape[..<axis].reduce(1, *) {
    for index in indices {
      (target + (outer * shape[axis] + index) * inner).update(repeating: value, count: inner)
    }
  }
}

/// Interpolation along one axis of a tensor seen as [outer, length, inner].
private struct AxisPass {
  let outer: Int
  let length: Int
  let inner: Int
  let taps: Taps

  func run(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
    taps.indices.withUnsafeBufferPointer { indices in
      taps.weights.withUnsafeBufferPointer { weights in
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
    _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>,
    _ indices: UnsafeBufferPointer<Int>, _ weights: UnsafeBufferPointer<Float>
  ) {
    if taps.width == 2 {
      for i in 0..<taps.count {
        to[i] =
          from[indices[2 &* i]] * weights[2 &* i] + from[indices[2 &* i &+ 1]]
          * weights[2 &* i &+ 1]
      }
    } else {
      for i in 0..<taps.count {
        var sum: Float = 0
        for tap in i &* taps.width..<(i &+ 1) &* taps.width {
          sum += from[indices[tap]] * weights[tap]
        }
        to[i] = sum
      }
    }
  }

  /// One run of `inner` elements from the runs it combines.
  private func combine(
    _ block: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ first: Int,
    _ indices: UnsafeBufferPointer<Int>, _ weights: UnsafeBufferPointer<Float>
  ) {
    let a = block + indices[first] * inner
    let b = block + indices[first + 1] * inner
    let wa = weights[first]
    let wb = weights[first + 1]
    guard taps.width == 4 else {
      for i in 0..<inner { to[i] = a[i] * wa + b[i] * wb }
      return
    }
    let c = block + indices[first + 2] * inner
    let d = block + indices[first + 3] * inner
    let wc = weights[first + 2]
    let wd = weights[first + 3]
    for i in 0..<inner { to[i] = a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd }
  }
}
