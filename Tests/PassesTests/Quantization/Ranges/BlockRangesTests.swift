import Kernels
import Testing

/// Scales of blocks of a weight.
@Suite("Ranges of blocks") struct BlockRangesTests {
  /// Numbers around 0, most of them small, as weights are.
  private let weights: [Float] = {
    var state: UInt64 = 7
    func next() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24) - 0.5
    }
    return (0..<4096).map { _ in (0..<4).reduce(0) { sum, _ in sum + next() } }
  }()

  /// The sum of squared errors of what integers, scales and zero-points stand for.
  private func error(_ shape: BlockShape, _ grid: IntegerGrid, _ ranges: BlockRanges) -> Double {
    var integers = [UInt8](repeating: 0, count: weights.count)
    var scales = [Float](repeating: 0, count: shape.scales)
    var zeros = [UInt8](repeating: 0, count: shape.scales)
    quantizeBlocks(
      weights, shape, grid, ranges: ranges, into: &integers, scales: &scales,
      zeros: &zeros)
    func integer(_ byte: UInt8) -> Int { grid.least < 0 ? Int(Int8(bitPattern: byte)) : Int(byte) }
    return weights.indices.reduce(0) { sum, place in
      let column = place / shape.inner
      let group =
        (column / shape.length * shape.blocks + column % shape.length / shape.block) * shape.inner
        + place % shape.inner
      #expect((grid.least...grid.most).contains(integer(integers[place])))
      let level = integer(integers[place]) - (grid.isSymmetric ? 0 : integer(zeros[group]))
      let difference = Double(Float(level) * scales[group]) - Double(weights[place])
      return sum + difference * difference
    }
  }

  @Test(
    "Of several ranges a block takes the one whose integers lie nearest to its values",
    arguments: [
      BlockShape(outer: 256, length: 16, inner: 1, block: 16),
      BlockShape(outer: 1, length: 64, inner: 64, block: 16),
      BlockShape(outer: 2, length: 2048, inner: 1, block: 12),
    ])
  func nearest(_ shape: BlockShape) {
    let wider = BlockRanges((0..<40).map { 1 + Float($0) / 1000 })
    let bytes = IntegerGrid(-128, 127, isSymmetric: false)
    #expect(error(shape, bytes, wider) < 0.75 * error(shape, bytes, .own))
    let own = BlockRanges([1])
    let narrower = BlockRanges((0...50).map { 1.1 - Float($0) / 100 }, shifts: [-1, 0, 1])
    for grid in [
      IntegerGrid(0, 15, isSymmetric: false), IntegerGrid(-8, 7, isSymmetric: false),
      IntegerGrid(-8, 7, isSymmetric: true), IntegerGrid(-7, 7, isSymmetric: true),
    ] {
      // The best scale for the integers of a range loses no more than the range's own.
      let (plain, fitted) = (error(shape, grid, .own), error(shape, grid, own))
      #expect(fitted <= plain * 1.0001)
      #expect(error(shape, grid, narrower) < 0.95 * fitted)
    }
  }

  @Test("Blocks of nothing, and of the smallest numbers, stand for finite ones")
  func degenerate() {
    let values: [Float] = [0, 0, 0, 0, .leastNonzeroMagnitude, 0, -.leastNormalMagnitude, 3e38]
    let shape = BlockShape(outer: 2, length: 4, inner: 1, block: 4)
    let ranges = BlockRanges([1, 0.9, 1.1], shifts: [-1, 0, 1])
    for isSymmetric in [false, true] {
      var integers = [UInt8](repeating: 9, count: 8), scales = [Float](repeating: 0, count: 2)
      var zeros = [UInt8](repeating: 0, count: 2)
      quantizeBlocks(
        values, shape, IntegerGrid(-8, 7, isSymmetric: isSymmetric), ranges: ranges,
        into: &integers, scales: &scales, zeros: &zeros)
      #expect(scales.allSatisfy { $0.isFinite && $0 != 0 })
      #expect(integers.allSatisfy { (-8...7).contains(Int8(bitPattern: $0)) })
    }
  }
}
