public import IR

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// How far one tensor is from another, element by element.
///
/// NaN equals NaN and an infinity equals itself; NaN or an infinity against anything else is an
/// infinite difference, and so is a text against another.
public struct Comparison: Sendable, Hashable {
  /// A channel: an index along an axis.
  public struct Channel: Sendable, Hashable {
    /// The axis: the second of the output, or at rank 3 the last.
    public let axis: Int
    /// The index.
    public let index: Int
    /// Signal to noise in dB over all elements of the channel.
    public let sqnr: Double
  }

  /// The number of elements compared.
  public let count: Int
  /// The largest difference of two elements.
  public let maxAbsolute: Double
  /// The largest difference over the reference's largest finite magnitude; where that is 0, the
  /// largest difference itself.
  public let maxRelative: Double
  /// The mean difference.
  public let meanAbsolute: Double
  /// Signal to noise in dB: the reference's energy over the energy of the difference. Infinite
  /// where nothing differs.
  public let sqnr: Double
  /// The energy of the difference over the reference's: 0 where nothing differs.
  public var noise: Double { pow(10, -sqnr / 10) }
  /// The cosine of the angle between the two tensors as vectors; 1 where both are zero.
  public let cosine: Double
  /// Whether every element is the same value.
  public let isExact: Bool
  /// The share of rows along the last axis whose largest element is at the same place.
  public let argmaxAgreement: Double
  /// The channel with the lowest signal to noise; nil where no axis counts channels.
  public let worstChannel: Channel?

  /// Compares a tensor with a reference of the same element type and shape.
  public init(reference: Tensor, candidate: Tensor) throws(ModelError) {
    var sums = ComparisonSums()
    try sums.add(reference: reference, candidate: candidate)
    self = sums.comparison
  }

  init(
    count: Int, maxAbsolute: Double, maxRelative: Double, meanAbsolute: Double, sqnr: Double,
    cosine: Double, isExact: Bool, argmaxAgreement: Double, worstChannel: Channel?
  ) {
    self.count = count
    self.maxAbsolute = maxAbsolute
    self.maxRelative = maxRelative
    self.meanAbsolute = meanAbsolute
    self.sqnr = sqnr
    self.cosine = cosine
    self.isExact = isExact
    self.argmaxAgreement = argmaxAgreement
    self.worstChannel = worstChannel
  }

  /// How many elements break `|reference - candidate| <= absolute + relative·|reference|`; an
  /// infinite difference always does.
  public static func mismatches(
    reference: Tensor, candidate: Tensor, relative: Double, absolute: Double
  ) throws(ModelError) -> Int {
    let (a, b) = try ComparisonSums.elements(reference, candidate)
    return zip(a, b).reduce(0) { count, pair in
      let gap = ComparisonSums.gap(pair.0, pair.1)
      return count + (gap == 0 || gap.isFinite && gap <= absolute + relative * abs(pair.0) ? 0 : 1)
    }
  }
}
