package import IR

/// Whether constants may be joined: the elements are computed in double precision and must be numbers
/// that their type holds, and no rounding between the two operations may be lost that shows beside
/// the result.
package enum JoinedConstants {
  /// Why sums `a + b` cannot take the place of adding one and then the other; nil where they can.
  ///
  /// Where the two nearly cancel, what is added has been rounded to the size of the larger one in
  /// between: adding and taking away a large number is how some exporters round.
  package static func obstacle(
    toAdding a: [Double], _ b: [Double], as type: ElementType
  ) -> String? {
    for (x, y) in zip(a, b) {
      let sum = x + y
      if !fits(sum, type, orZero: true) { return "the sum of both constants is out of range" }
      if abs(sum) < max(abs(x), abs(y)) / 8 {
        return "the constants cancel, and what is between them is rounded"
      }
    }
    return nil
  }

  /// Why products `a·b` cannot take the place of multiplying by one and then by the other; nil where
  /// they can.
  ///
  /// Far from 1, what is between them may overflow or vanish.
  package static func obstacle(
    toMultiplying a: [Double], _ b: [Double], as type: ElementType
  ) -> String? {
    let limit = type == .double ? 0x1p500 : 0x1p60
    for (x, y) in zip(a, b) {
      for value in [x, y, x * y] where !(1 / limit...limit).contains(abs(value)) {
        return "a constant or the product of both is zero or out of range"
      }
    }
    return nil
  }

  /// Whether a number is finite and normal in a type, or zero where that is allowed.
  private static func fits(_ value: Double, _ type: ElementType, orZero: Bool) -> Bool {
    if value == 0 { return orZero }
    guard type != .double else { return value.isFinite && value.isNormal }
    return Float(value).isFinite && Float(value).isNormal
  }
}

extension Tensor {
  /// Whether all elements are finite floats and, unless all elements of `original` are zero or
  /// vanish beside 1, so are these: a tensor that has been multiplied and has neither overflowed nor
  /// vanished.
  package func isScaled(from original: Tensor) -> Bool {
    switch elementType {
    case .double: isScaled(from: original, Double.self)
    default: isScaled(from: original, Float.self)
    }
  }

  private func isScaled<T: BinaryFloatingPoint & BitwiseCopyable>(
    from original: Tensor, _ type: T.Type
  ) -> Bool {
    let before = original.largest(type), after = largest(type)
    guard after.isFinite || !before.isFinite else { return false }
    return after >= T.leastNormalMagnitude || before < T.leastNormalMagnitude
  }

  /// The largest magnitude; infinite where an element is not finite.
  private func largest<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) -> T {
    guard let bytes = storage?.bytes else { return 0 }
    var largest = T.zero
    for offset in stride(
      from: 0, to: bytes.count - MemoryLayout<T>.stride + 1, by: MemoryLayout<T>.stride)
    {
      let value = abs(bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
      guard value.isFinite else { return .infinity }
      largest = max(largest, value)
    }
    return largest
  }
}
