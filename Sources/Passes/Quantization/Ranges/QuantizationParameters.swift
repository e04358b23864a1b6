package import IR

/// Scale and zero-point of activations (quantization.md, "Parameters").
package struct ActivationParameters: Hashable {
  /// The type of the integers.
  package let type: ElementType
  /// What one step is worth.
  package let scale: Float
  /// The integer that stands for 0.
  package let zeroPoint: Int
  private let bounds: ClosedRange<Int>

  /// Parameters for a range, widened to hold 0.
  ///
  /// A range without extent says nothing about a scale; values in [0, 1] are then told apart.
  package init(_ range: ClosedRange<Float>, _ grid: ActivationGrid = .unsignedBytes) {
    var low = Double(min(range.lowerBound, 0)), high = Double(max(range.upperBound, 0))
    if low == high { (low, high) = (0, 1) }
    if high - low < grid.leastExtent { high = low + grid.leastExtent }
    let integers = grid.bounds
    type = grid.type
    bounds = integers
    if grid.isSymmetric {
      scale = max(Float(max(-low, high) / Double(integers.upperBound)), .leastNormalMagnitude)
      zeroPoint = 0
    } else {
      let step = (high - low) / Double(integers.upperBound - integers.lowerBound)
      scale = max(Float(step), .leastNormalMagnitude)
      let zero = (Double(integers.lowerBound) - low / step).rounded(.toNearestOrEven)
      zeroPoint = Int(min(max(zero, Double(integers.lowerBound)), Double(integers.upperBound)))
    }
  }

  /// Parameters as a plan states them.
  init(scale: Float, zeroPoint: Int, type: ElementType) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.type = type
    bounds = ActivationGrid(type).bounds
  }

  /// Two are the same where they say the same of numbers.
  package static func == (a: Self, b: Self) -> Bool {
    a.type == b.type && a.scale == b.scale && a.zeroPoint == b.zeroPoint
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(type)
    hasher.combine(scale)
    hasher.combine(zeroPoint)
  }

  /// `saturate(rne(x / scale) + zeroPoint)`.
  package func quantize(_ values: [Float]) -> [Int] {
    let low = Float(bounds.lowerBound), high = Float(bounds.upperBound)
    return values.map { value in
      let rounded = (value / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
      return rounded.isNaN ? bounds.lowerBound : Int(min(max(rounded, low), high))
    }
  }

  /// The numbers that the least and the largest integer stand for.
  package var range: ClosedRange<Float> {
    Float(bounds.lowerBound - zeroPoint) * scale...Float(bounds.upperBound - zeroPoint) * scale
  }

  /// What a number becomes.
  package func rounded(_ value: Float) -> Float {
    Float(quantize([value])[0] - zeroPoint) * scale
  }

  /// Integers as a tensor of the parameters' type.
  package func tensor(_ integers: [Int], _ shape: [Int]) -> Tensor {
    let storage: Storage =
      switch type {
      case .int8: Storage(integers.map { Int8(truncatingIfNeeded: $0) })
      case .uint16: Storage(integers.map { UInt16(truncatingIfNeeded: $0) })
      case .int16: Storage(integers.map { Int16(truncatingIfNeeded: $0) })
      default: Storage(integers.map { UInt8(truncatingIfNeeded: $0) })
      }
    return Tensor(type, shape, storage)
  }
}
