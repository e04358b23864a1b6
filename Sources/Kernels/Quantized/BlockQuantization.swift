/// A range of integers that numbers are rounded to, and whether 0 stands for 0.
package struct IntegerGrid: Hashable, Sendable {
  /// The least integer.
  package let least: Int
  /// The greatest integer.
  package let most: Int
  /// Whether zero stands for zero, so that there is no zero-point.
  package let isSymmetric: Bool

  package init(_ least: Int, _ most: Int, isSymmetric: Bool) {
    self.least = least
    self.most = most
    self.isSymmetric = isSymmetric
  }
}

/// How a weight falls into blocks that share a scale: along an axis of `length`, with `outer` indices
/// before and `inner` behind it.
package struct BlockShape: Hashable, Sendable {
  package let outer: Int
  package let length: Int
  package let inner: Int
  /// Elements along the axis that share a scale; the last block may be shorter.
  package let block: Int

  package init(outer: Int, length: Int, inner: Int, block: Int) {
    self.outer = outer
    self.length = length
    self.inner = inner
    self.block = max(1, block)
  }

  /// Blocks along the axis.
  package var blocks: Int { (length + block - 1) / block }
  /// How many scales there are, in the order outer, block, inner.
  package var scales: Int { outer * blocks * inner }
}

/// Rounds a weight to integers, block by block.
///
/// Each block takes the scale, and where the grid has one the zero-point, that leave the least sum of
/// squared errors among ranges shrunk in `searches` steps of a hundredth; without searches the range
/// is the values' own. A symmetric grid with one more integer below than above gives that one to the
/// value of largest magnitude.
///
/// - Parameters:
///   - q: the integers as bytes, in the order of the weight.
///   - zeros: zero-points as bytes, one a scale; nil for a symmetric grid.
package func quantizeBlocks(
  _ x: UnsafePointer<Float>, _ shape: BlockShape, _ grid: IntegerGrid, searches: Int,
  into q: UnsafeMutablePointer<UInt8>, scales: UnsafeMutablePointer<Float>,
  zeros: UnsafeMutablePointer<UInt8>?
) {
  parallel(shape.scales, grain: max(1, 16384 / shape.block)) { range in
    for group in range {
      let i = group % shape.inner
      let block = group / shape.inner % shape.blocks
      let outer = group / shape.inner / shape.blocks
      let first = block * shape.block
      let run = StridedRun(
        start: (outer * shape.length + first) * shape.inner + i, stride: shape.inner,
        count: min(shape.block, shape.length - first))
      let found = run.parameters(x, grid, searches: searches)
      scales[group] = found.scale
      zeros?[group] = UInt8(truncatingIfNeeded: Int(found.zero))
      run.round(x, grid, found, into: q)
    }
  }
}

/// A scale and the integer that stands for 0.
private struct Step {
  var scale: Float
  var zero: Float
}

/// Elements at equal distances.
private struct StridedRun {
  let start: Int
  let stride: Int
  let count: Int

  func parameters(_ x: UnsafePointer<Float>, _ grid: IntegerGrid, searches: Int) -> Step {
    var (low, high): (Float, Float) = (0, 0)
    for k in 0..<count {
      let value = x[start + k * stride]
      guard value.isFinite else { continue }
      low = min(low, value)
      high = max(high, value)
    }
    guard low < high else { return Step(scale: 1, zero: grid.isSymmetric ? 0 : Float(grid.least)) }
    var best = step(low, high, grid)
    guard searches > 0 else { return best }
    var least = error(x, grid, best)
    for shrink in 1...searches {
      let p = 1 - Float(shrink) / 100
      let candidate = step(low * p, high * p, grid)
      let sum = error(x, grid, candidate)
      if sum < least { (best, least) = (candidate, sum) }
    }
    return best
  }

  /// The scale for a range.
  private func step(_ low: Float, _ high: Float, _ grid: IntegerGrid) -> Step {
    let (least, most) = (Float(grid.least), Float(grid.most))
    guard grid.isSymmetric else {
      let scale = max((high - low) / (most - least), .leastNormalMagnitude)
      let zero = (least - low / scale).rounded(.toNearestOrEven)
      return Step(scale: scale, zero: min(max(zero, least), most))
    }
    guard -least > most else {
      return Step(scale: max(max(high, -low) / most, .leastNormalMagnitude), zero: 0)
    }
    // One integer more below: the larger side takes it, by a negative scale if need be.
    let extreme = high > -low ? high : low
    let scale = extreme / least
    return Step(
      scale: scale.magnitude < .leastNormalMagnitude ? .leastNormalMagnitude : scale, zero: 0)
  }

  private func error(_ x: UnsafePointer<Float>, _ grid: IntegerGrid, _ step: Step) -> Float {
    let (least, most) = (Float(grid.least), Float(grid.most))
    let inverse = 1 / step.scale
    var sum: Float = 0
    for k in 0..<count {
      let value = x[start + k * stride]
      let level = min(
        max((value * inverse).rounded(.toNearestOrEven) + step.zero, least), most)
      let difference = (level - step.zero) * step.scale - value
      sum += difference * difference
    }
    return sum
  }

  func round(
    _ x: UnsafePointer<Float>, _ grid: IntegerGrid, _ step: Step,
    into q: UnsafeMutablePointer<UInt8>
  ) {
    let (least, most) = (Float(grid.least), Float(grid.most))
    for k in 0..<count {
      let place = start + k * stride
      let level = (x[place] / step.scale).rounded(.toNearestOrEven) + step.zero
      q[place] = UInt8(truncatingIfNeeded: level.isNaN ? 0 : Int(min(max(level, least), most)))
    }
  }
}
