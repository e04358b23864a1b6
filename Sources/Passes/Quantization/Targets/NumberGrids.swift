package import IR

/// The integers that stand for activations on a target.
package struct ActivationGrid: Hashable, Sendable {
  /// Their type: 8 or 16 bits, signed or not.
  package let type: ElementType
  /// Whether 0 stands for 0, so that there is no zero-point.
  package let isSymmetric: Bool
  /// Ranges are at least this wide.
  package var leastExtent: Double = 0

  package init(_ type: ElementType, isSymmetric: Bool = false, leastExtent: Double = 0) {
    self.type = type
    self.isSymmetric = isSymmetric
    self.leastExtent = leastExtent
  }

  /// Unsigned bytes with a zero-point.
  package static let unsignedBytes = ActivationGrid(.uint8)
  /// Signed bytes around 0.
  package static let signedBytes = ActivationGrid(.int8, isSymmetric: true)

  /// The least and the largest integer.
  package var bounds: ClosedRange<Int> {
    switch type {
    case .int8: isSymmetric ? -127...127 : -128...127
    case .uint16: 0...65_535
    case .int16: isSymmetric ? -32_767...32_767 : -32_768...32_767
    default: 0...255
    }
  }
}

/// The integers that stand for weights on a target: signed, with 0 for 0.
package struct WeightGrid: Hashable, Sendable, Codable {
  /// The largest magnitude.
  package let peak: Int
  /// The largest sum of two neighbours along the contraction that have one sign; nil where they do
  /// not matter. A processor before VNNI adds up 255 times this in 16 bits: 128 is the most that is
  /// safe.
  package let pairPeak: Int?

  package init(peak: Int, pairPeak: Int? = nil) {
    self.peak = peak
    self.pairPeak = pairPeak
  }

  /// Eight bits.
  package static let bytes = WeightGrid(peak: 127)
  /// Bits in which two integers make a byte, and the largest magnitude that they hold on both sides.
  static let packedBits = 4, packedPeak = 7
  /// Seven bits: no sum of two products with bytes reaches 2¹⁵.
  package static let sevenBits = WeightGrid(peak: 64)
  /// As many of eight bits as leave no sum of two products with bytes at 2¹⁵ or above.
  package static let safePairs = WeightGrid(peak: 127, pairPeak: 128)

  /// The grid of a weight whose products are summed up one by one.
  package var withoutPairs: WeightGrid { WeightGrid(peak: peak) }
}
