public import IR
private import Kernels
private import Operators

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// How far one tensor is from another, element by element.
///
/// NaN equals NaN and an infinity equals itself; NaN or an infinity against anything else is an
/// infinite difference.
public struct Comparison: Sendable, Hashable {
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

  /// Compares a tensor with a reference of the same element type and shape.
  public init(reference: Tensor, candidate: Tensor) throws(ModelError) {
    let (a, b) = try Self.elements(reference, candidate)
    var difference = 0.0, sum = 0.0, noise = 0.0, magnitude = 0.0
    var dot = 0.0, energyA = 0.0, energyB = 0.0
    var exact = true
    for (x, y) in zip(a, b) {
      let gap = Self.gap(x, y)
      if gap != 0 { exact = false }
      if x.isFinite { magnitude = max(magnitude, abs(x)) }
      difference = max(difference, gap)
      sum += gap
      noise += gap * gap
      if x.isFinite, y.isFinite {
        dot += x * y
        energyA += x * x
        energyB += y * y
      }
    }
    count = a.count
    maxAbsolute = difference
    maxRelative = magnitude > 0 ? difference / magnitude : difference
    meanAbsolute = a.isEmpty ? 0 : sum / Double(a.count)
    sqnr = noise == 0 ? .infinity : energyA == 0 ? -.infinity : 10 * log10(energyA / noise)
    cosine =
      energyA == 0 && energyB == 0
      ? 1 : energyA == 0 || energyB == 0 ? 0 : dot / (energyA.squareRoot() * energyB.squareRoot())
    isExact = exact
    argmaxAgreement = Self.agreement(a, b, row: reference.dimensions.last ?? 1)
  }

  /// How many elements break `|reference - candidate| <= absolute + relative·|reference|`; an
  /// infinite difference always does.
  public static func mismatches(
    reference: Tensor, candidate: Tensor, relative: Double, absolute: Double
  ) throws(ModelError) -> Int {
    let (a, b) = try elements(reference, candidate)
    return zip(a, b).reduce(0) { count, pair in
      let gap = gap(pair.0, pair.1)
      return count + (gap == 0 || gap.isFinite && gap <= absolute + relative * abs(pair.0) ? 0 : 1)
    }
  }

  private static func gap(_ x: Double, _ y: Double) -> Double {
    if x == y || (x.isNaN && y.isNaN) { return 0 }
    let gap = abs(x - y)
    return gap.isNaN ? .infinity : gap
  }

  private static func elements(
    _ a: Tensor, _ b: Tensor
  ) throws(ModelError) -> ([Double], [Double]) {
    guard a.elementType == b.elementType, a.dimensions == b.dimensions else {
      throw ModelError(.verification, "expected a tensor \(a.type), found \(b.type)")
    }
    guard let x = a.doubles ?? decoded(a), let y = b.doubles ?? decoded(b) else {
      throw ModelError(
        .unsupported, "tensors of element type \(a.elementType) cannot be compared by value")
    }
    return (x, y)
  }

  /// The elements of the small number types.
  private static func decoded(_ tensor: Tensor) -> [Double]? {
    guard let format = NumberFormat(tensor.elementType),
      let storage = tensor.storage?.aligned(to: tensor.elementType.byteWidth ?? 1)
    else { return nil }
    var values = [Double](repeating: 0, count: tensor.count)
    let isDecoded = values.withUnsafeMutableBytes {
      convert(storage.bytes, format, into: $0, .scalar(.double), count: tensor.count)
    }
    return isDecoded ? values : nil
  }

  private static func agreement(_ a: [Double], _ b: [Double], row: Int) -> Double {
    guard row > 0, a.count >= row else { return 1 }
    func place(_ values: ArraySlice<Double>) -> Int {
      var best = values.startIndex
      for index in values.indices where values[index] > values[best] { best = index }
      return best
    }
    var same = 0
    for start in stride(from: 0, to: a.count, by: row)
    where place(a[start..<start + row]) == place(b[start..<start + row]) { same += 1 }
    return Double(same) / Double(a.count / row)
  }
}
