/// A sum of floats without any rounding, so that its order does not matter: an integer in units of
/// the smallest float, in limbs of 32 bits.
package struct ExactSum: Hashable, Sendable, Codable {
  private var limbs: [Int64]
  private static let count = 11

  package init() { limbs = [Int64](repeating: 0, count: Self.count) }

  /// Adds a finite number.
  package mutating func add(_ value: Float) {
    guard value.isFinite, value != 0 else { return }
    let exponent = max(Int(value.exponentBitPattern), 1)
    let significand = Int64(
      value.significandBitPattern | (value.exponentBitPattern == 0 ? 0 : 1 << 23))
    let shift = exponent - 1
    let wide = significand << Int64(shift % 32)
    let sign: Int64 = value < 0 ? -1 : 1
    limbs[shift / 32] += sign * (wide & 0xffff_ffff)
    limbs[shift / 32 + 1] += sign * (wide >> 32)
    carry()
  }

  /// Adds another sum.
  package mutating func merge(_ other: ExactSum) {
    for index in limbs.indices where other.limbs.indices.contains(index) {
      limbs[index] += other.limbs[index]
    }
    carry()
  }

  /// Brings the limbs to the one form that stands for the sum: all but the last from 0 to 2³² - 1.
  private mutating func carry() {
    for index in 0..<Self.count - 1 {
      let over = limbs[index] >> 32
      limbs[index] -= over << 32
      limbs[index + 1] += over
    }
  }

  /// The sum, rounded.
  package var value: Double {
    // Limbs of a negative sum are those of its complement, which cancel: its opposite has none such.
    guard limbs.last.map({ $0 >= 0 }) ?? true else {
      var opposite = self
      for index in limbs.indices { opposite.limbs[index] = -limbs[index] }
      opposite.carry()
      return -opposite.value
    }
    var sum = 0.0, unit = 0x1p-149
    for limb in limbs {
      sum += Double(limb) * unit
      unit *= 0x1p32
    }
    return sum
  }

  package init(from decoder: any Decoder) throws {
    let found = try decoder.singleValueContainer().decode([Int64].self)
    guard found.count == Self.count, found.allSatisfy({ $0.magnitude < 1 << 40 }) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "expected 11 limbs of a sum"))
    }
    limbs = found
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(limbs)
  }
}
