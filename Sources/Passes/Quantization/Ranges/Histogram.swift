/// Counts of values in equal bins over (-2ᵏ, 2ᵏ), where 2ᵏ is above every value. When a larger one
/// comes k grows and bins merge by pairs, so that the counts do not depend on the order of samples.
package struct Histogram: Hashable, Sendable {
  /// The number of bins.
  package static let bins = 4096
  /// How many values lie in each.
  package private(set) var counts = [Int](repeating: 0, count: Self.bins)
  /// The end of the last bin; 0 where nothing but zeros came.
  package private(set) var limit: Float = 0

  /// The width of a bin.
  var width: Float { 2 * limit / Float(Self.bins) }
  /// The middle of a bin.
  func center(_ bin: Int) -> Float { (Float(bin - Self.bins / 2) + 0.5) * width }
  /// The number of values.
  var total: Int { counts.reduce(0, +) }

  /// A histogram of nothing.
  package init() {}

  /// Counts values; those that are not finite are passed over.
  ///
  /// - Parameters:
  ///   - peak: the largest magnitude among the finite ones.
  ///   - areFinite: whether all are.
  package mutating func observe(_ values: UnsafeBufferPointer<Float>, peak: Float, areFinite: Bool)
  {
    if peak > 0 { widen(to: Self.powerOfTwo(above: peak)) }
    guard limit > 0 else {
      // Zeros alone say nothing about the limit; their bin is the same for all.
      counts[Self.bins / 2] += values.reduce(0) { $0 + ($1.isFinite ? 1 : 0) }
      return
    }
    let scale = Float(Self.bins / 2) / limit
    for part in inParts(values, length: 1 << 18, { Self.count($0, scale, areFinite: areFinite) }) {
      for bin in counts.indices { counts[bin] += Int(part[bin]) }
    }
  }

  /// How many values lie in each bin.
  ///
  /// - Parameter scale: the inverse of a bin's width.
  private static func count(
    _ values: UnsafeBufferPointer<Float>, _ scale: Float, areFinite: Bool
  ) -> [Int32] {
    let block = 1 << 10
    var counts = [Int32](repeating: 0, count: 4 * bins)
    counts.withUnsafeMutableBufferPointer { counts in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: block) { places in
        for first in stride(from: 0, to: values.count, by: block) {
          let part = UnsafeBufferPointer(rebasing: values[first..<min(first + block, values.count)])
          let count = Self.places(part, scale, areFinite: areFinite, places)
          // Equal values come in runs, zeros above all, and a count waits for the one before in its
          // place: neighbours count in places of their own.
          for index in 0..<count { counts[4 * Int(places[index]) + index & 3] &+= 1 }
        }
      }
    }
    return stride(from: 0, to: 4 * bins, by: 4).map { counts[$0..<$0 + 4].reduce(0, &+) }
  }

  /// Writes the bins of those values that are finite, and gives their number.
  private static func places(
    _ values: UnsafeBufferPointer<Float>, _ scale: Float, areFinite: Bool,
    _ places: UnsafeMutableBufferPointer<Int32>
  ) -> Int {
    if !areFinite {
      var count = 0
      for value in values where value.isFinite {
        places[count] = Self.places(SIMD4(repeating: value), scale)[0]
        count += 1
      }
      return count
    }
    let from = UnsafeRawBufferPointer(values), to = UnsafeMutableRawBufferPointer(places)
    let whole = values.count & ~3
    for index in stride(from: 0, to: 4 * whole, by: 16) {
      let four = from.loadUnaligned(fromByteOffset: index, as: SIMD4<Float>.self)
      to.storeBytes(of: Self.places(four, scale), toByteOffset: index, as: SIMD4<Int32>.self)
    }
    for index in whole..<values.count {
      places[index] = Self.places(SIMD4(repeating: values[index]), scale)[0]
    }
    return values.count
  }

  /// The bins of finite values.
  @inline(__always)
  private static func places(_ values: SIMD4<Float>, _ scale: Float) -> SIMD4<Int32> {
    // Cutting towards 0 is exact, so that bins nest: nothing is added before. A float of 2²³ and more
    // has no bits behind the point, so that adding as much rounds, and what rounding took up is
    // taken back.
    let integers: Float = 0x1p23, half = Int32(bins / 2)
    let bits = unsafeBitCast(values, to: SIMD4<UInt32>.self)
    var distance = unsafeBitCast(bits & 0x7fff_ffff, to: SIMD4<Float>.self) * scale
    let last = SIMD4(repeating: Float(half) - 0.5)
    distance.replace(with: last, where: distance .> last)
    let rounded = distance + integers
    var places = unsafeBitCast(rounded, to: SIMD4<Int32>.self) & 0x7f_ffff
    places.replace(with: places &- 1, where: (rounded - integers) .> distance)
    // The bins of -x count down from the middle as those of x count up; that of -0 is that of 0.
    places.replace(with: ~places, where: values .< 0)
    return places &+ half
  }

  /// Limits keep away from the ends of the type, where bins would have no width.
  private static let largest: Float = 0x1p126
  private static let smallest: Float = 0x1p-100

  private static func powerOfTwo(above peak: Float) -> Float {
    min(max(peak.binade, smallest / 2), largest / 2) * 2
  }

  private mutating func widen(to wanted: Float) {
    if limit == 0 { limit = wanted }
    while limit < wanted {
      var merged = [Int](repeating: 0, count: Self.bins)
      for bin in counts.indices { merged[Self.bins / 4 + bin / 2] += counts[bin] }
      counts = merged
      limit *= 2
    }
  }

  /// Takes in what another has counted.
  mutating func merge(_ other: Histogram) {
    var other = other
    let wanted = max(limit, other.limit)
    guard wanted > 0 else {
      counts[Self.bins / 2] += other.counts[Self.bins / 2]
      return
    }
    widen(to: wanted)
    other.widen(to: wanted)
    for bin in counts.indices { counts[bin] += other.counts[bin] }
  }

  /// The range that leaves out a fraction of the values on each side.
  func range(leaving fraction: Double) -> ClosedRange<Float> {
    let target = Double(total) * fraction
    var first = 0, last = Self.bins - 1
    var sum = 0.0
    while first < last, sum + Double(counts[first]) <= target {
      sum += Double(counts[first])
      first += 1
    }
    sum = 0
    while last > first, sum + Double(counts[last]) <= target {
      sum += Double(counts[last])
      last -= 1
    }
    return (-limit + Float(first) * width)...(-limit + Float(last + 1) * width)
  }
}

extension Histogram: Codable {
  private enum CodingKeys: String, CodingKey { case limit, first, counts }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let limit = try container.decode(Float.self, forKey: .limit)
    let first = try container.decode(Int.self, forKey: .first)
    let found = try container.decode([Int].self, forKey: .counts)
    guard limit == 0 || limit.isFinite && limit > 0 && limit.significand == 1,
      first >= 0, first <= Self.bins, found.count <= Self.bins - first,
      found.allSatisfy({ (0...1 << 50).contains($0) })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .counts, in: container, debugDescription: "expected counts of at most 4096 bins")
    }
    self.limit = limit
    for (index, count) in found.enumerated() { counts[first + index] = count }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    let first = counts.firstIndex { $0 > 0 } ?? 0
    let last = counts.lastIndex { $0 > 0 } ?? -1
    try container.encode(limit, forKey: .limit)
    try container.encode(first, forKey: .first)
    try container.encode(last < first ? [] : Array(counts[first...last]), forKey: .counts)
  }
}
