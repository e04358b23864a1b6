internal import IR
internal import Operators

/// A weight of a model in QDQ form: the integers of an initializer and what they stand for.
struct StoredIntegers: Sendable {
  /// The node that dequantizes them.
  let node: NodeID
  let data: ValueID
  let scale: ValueID
  let zeroPoint: ValueID?
  /// The axis of scales; nil for one scale.
  let axis: Int?
  let integers: [Int]
  let shape: [Int]
  let type: ElementType
  /// For each scale, the integer that stands for 0.
  let zeroPoints: [Int]
  /// The integers that the weight was made for: those of as many bits as it uses.
  let bounds: ClosedRange<Int>
  /// The axes that are summed over, where neighbours along them may not add up to more than
  /// processors take; nil where they may.
  var contraction: [Int]?

  /// The largest sum of two neighbours that no processor cuts off.
  static let pairPeak = WeightGrid.safePairs.pairPeak ?? 128

  /// Reads a weight.
  ///
  /// - Returns: nil for types that are packed and for elements without whole channels.
  init?(
    _ node: NodeID, _ operands: (data: ValueID, scale: ValueID, zeroPoint: ValueID?), axis: Int?,
    _ graph: Graph
  ) {
    guard let tensor = graph.constant(operands.data), let integers = tensor.integers,
      !integers.isEmpty, let range = Self.range(tensor.elementType)
    else { return nil }
    let count = axis.map { tensor.dimensions[$0] } ?? 1
    var zeros = [Int](repeating: 0, count: count)
    if let zeroPoint = operands.zeroPoint {
      guard let given = graph.constant(zeroPoint)?.integers, given.count == count else {
        return nil
      }
      zeros = given
    }
    self.node = node
    data = operands.data
    scale = operands.scale
    zeroPoint = operands.zeroPoint
    self.axis = axis
    self.integers = integers
    shape = tensor.dimensions
    type = tensor.elementType
    zeroPoints = zeros
    // With zero-points of several kinds the integers say little about what they were made for.
    let isUniform = Set(zeros).count == 1
    bounds = isUniform ? Self.bounds(of: integers, zeroPoint: zeros[0], within: range) : range
  }

  private static func range(_ type: ElementType) -> ClosedRange<Int>? {
    switch type {
    case .int8: -128...127
    case .uint8: 0...255
    case .int16: -32_768...32_767
    case .uint16: 0...65_535
    default: nil
    }
  }

  /// The narrowest integers of so many bits that hold all that are given: symmetric ones unless the
  /// given ones reach further down.
  static func bounds(
    of integers: [Int], zeroPoint: Int, within range: ClosedRange<Int>
  ) -> ClosedRange<Int> {
    let least = integers.min() ?? 0, most = integers.max() ?? 0
    guard range.lowerBound < 0 else {
      for bits in [2, 3, 4, 5, 6, 7] where most < 1 << bits && zeroPoint < 1 << bits {
        return 0...(1 << bits) - 1
      }
      return range
    }
    guard zeroPoint == 0 else { return range }
    let peak = max(most, -least)
    for top in [1, 3, 7, 15, 31, 64, 127, 32_767] where top <= range.upperBound {
      if peak <= top { return -top...top }
      // The lowest number of two's complement has no counterpart above.
      if most <= top, -least == top + 1, top != 64 { return -(top + 1)...top }
    }
    return range
  }

  /// The channel of an element.
  var channels: WeightRows { WeightRows(shape, axis: axis, contraction: contraction ?? []) }

  /// The largest distance from a zero-point: what latent numbers are divided by.
  var reach: Int {
    zeroPoints.map { max(bounds.upperBound - $0, $0 - bounds.lowerBound) }.max().map { max(1, $0) }
      ?? 1
  }

  /// The numbers that the integers stand for, over the scale and the reach.
  var latent: [Float] {
    let rows = channels, reach = Float(reach)
    return integers.indices.map {
      Float(integers[$0] - zeroPoints[rows.channel($0)]) / reach
    }
  }

  /// Integers as a tensor of the weight's type.
  func tensor(_ values: [Int], _ shape: [Int]) -> Tensor {
    let storage: Storage =
      switch type {
      case .int8: Storage(values.map { Int8(clamping: $0) })
      case .int16: Storage(values.map { Int16(clamping: $0) })
      case .uint16: Storage(values.map { UInt16(clamping: $0) })
      default: Storage(values.map { UInt8(clamping: $0) })
      }
    return Tensor(type, shape, storage)
  }
}
