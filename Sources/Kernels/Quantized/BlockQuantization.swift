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

/// The ranges that are tried for a block, as shares of the values' own.
package struct BlockRanges: Hashable, Sendable {
  /// The shares.
  package let shares: [Float]
  /// How far zero-points are moved from the nearest one.
  package let shifts: [Float]

  package init(_ shares: [Float], shifts: [Float] = [0]) {
    self.shares = shares
    self.shifts = shifts
  }

  /// The values' own range and no other.
  package static let own = BlockRanges([])
}

/// Rounds a weight to integers, block by block.
///
/// Each block takes the scale, and where the grid has one the zero-point, that leave the least sum of
/// squared errors among those of `ranges`; the scale is the best one for the integers that a range
/// gives. Without ranges to try it is that of the values' own range. A symmetric grid with one more
/// integer below than above gives that one to the value of largest magnitude.
///
/// - Parameters:
///   - q: the integers as bytes, in the order of the weight.
///   - zeros: zero-points as bytes, one a scale; nil for a symmetric grid.
package func quantizeBlocks(
  _ x: UnsafePointer<Float>, _ shape: BlockShape, _ grid: IntegerGrid, ranges: BlockRanges,
  into q: UnsafeMutablePointer<UInt8>, scales: UnsafeMutablePointer<Float>,
  zeros: UnsafeMutablePointer<UInt8>?
) {
  parallel(shape.scales, grain: max(1, 16384 / shape.block)) { range in
    var values = BlockValues(capacity: min(shape.block, shape.length))
    for group in range {
      let i = group % shape.inner
      let block = group / shape.inner % shape.blocks
      let outer = group / shape.inner / shape.blocks
      let first = block * shape.block
      let run = StridedRun(
        start: (outer * shape.length + first) * shape.inner + i, stride: shape.inner,
        count: min(shape.block, shape.length - first))
      values.load(x, run)
      let found = values.parameters(grid, ranges)
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

/// The values of a block, eight at a time; zeros fill the last eight up.
private struct BlockValues {
  private var lanes: [SIMD8<Float>]
  private var low: Float = 0
  private var high: Float = 0

  init(capacity: Int) {
    lanes = [SIMD8<Float>](repeating: .zero, count: (capacity + 7) / 8)
  }

  mutating func load(_ x: UnsafePointer<Float>, _ run: StridedRun) {
    (low, high) = (0, 0)
    for index in lanes.indices { lanes[index] = .zero }
    for k in 0..<run.count {
      let value = x[run.start + k * run.stride]
      guard value.isFinite else { continue }
      low = min(low, value)
      high = max(high, value)
      lanes[k / 8][k % 8] = value
    }
  }

  func parameters(_ grid: IntegerGrid, _ ranges: BlockRanges) -> Step {
    guard low < high else { return Step(scale: 1, zero: grid.isSymmetric ? 0 : Float(grid.least)) }
    let own = step(low, high, grid)
    guard !ranges.shares.isEmpty else { return own }
    var (best, most) = (own, -Double.infinity)
    let shifts = grid.isSymmetric ? [0] : ranges.shifts
    for share in ranges.shares {
      let candidate = step(low * share, high * share, grid)
      for shift in shifts {
        let zero = candidate.zero + shift
        guard zero >= Float(grid.least), zero <= Float(grid.most) else { continue }
        let found = fit(grid, Step(scale: candidate.scale, zero: zero))
        if found.gain > most { (best, most) = (found.step, found.gain) }
      }
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

  /// The scale that is best for the integers of a step, (Σ q·x) / Σ q², and by how much the sum of
  /// squared errors is less than Σ x² then.
  private func fit(_ grid: IntegerGrid, _ step: Step) -> (step: Step, gain: Double) {
    let least = SIMD8(repeating: Float(grid.least) - step.zero)
    let most = SIMD8(repeating: Float(grid.most) - step.zero)
    // Adding and subtracting 1.5·2²³ rounds to the nearest integer, halves to even.
    let rounding = SIMD8<Float>(repeating: 12_582_912)
    let inverse = 1 / step.scale
    var (products, squares) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
    for x in lanes {
      let level = ((x * inverse + rounding) - rounding).clamped(lowerBound: least, upperBound: most)
      products += level * (x * inverse)
      squares += level * level
    }
    var (qx, qq) = (0.0, 0.0)
    for index in 0..<8 {
      qx += Double(products[index])
      qq += Double(squares[index])
    }
    guard qq > 0, qx > 0 else { return (step, 0) }
    let unit = Double(step.scale)
    let scale = Float(unit * qx / qq)
    guard scale.isNormal else { return (step, unit * unit * (2 * qx - qq)) }
    return (Step(scale: scale, zero: step.zero), unit * unit * qx * qx / qq)
  }
}

/// Elements at equal distances.
private struct StridedRun {
  let start: Int
  let stride: Int
  let count: Int

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
