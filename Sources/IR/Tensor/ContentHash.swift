/// A 128-bit hash of content that is the same on every machine and in every run.
///
/// It tells weights and graphs apart and names them in reports; it is no defence against somebody
/// who builds collisions on purpose. Each step is a bijection of the state for a given word, and of
/// the word for a given state, so inputs that differ in one word never collide.
package struct ContentHash: Hashable, Sendable {
  /// The first half, which digests print.
  package private(set) var high: UInt64
  /// The second half.
  package private(set) var low: UInt64

  private static let multiplier: UInt64 = 0x9e37_79b9_7f4a_7c15
  private static let secondMultiplier: UInt64 = 0xd6e8_feb8_6659_fd93

  /// The hash of nothing; different seeds give independent hashes.
  package init(seed: UInt64 = 0) {
    high = 0x243f_6a88_85a3_08d3 ^ seed
    low = 0x1319_8a2e_0370_7344 &+ seed &* Self.multiplier
  }

  /// Takes in one word.
  package mutating func combine(_ word: UInt64) {
    Self.mix(word, into: &low)
    high = Self.rotate((high ^ low) &* Self.secondMultiplier, 29) &+ word
  }

  /// Spreads the word over its bits before it meets the state, and the state after, so that no two
  /// small changes in different places cancel each other.
  private static func mix(_ word: UInt64, into state: inout UInt64) {
    state = rotate(state ^ (word &* secondMultiplier), 31) &* multiplier
  }

  /// Takes in an integer.
  package mutating func combine(_ value: Int) { combine(UInt64(bitPattern: Int64(value))) }

  /// Takes in another hash.
  package mutating func combine(_ other: ContentHash) {
    combine(other.high)
    combine(other.low)
  }

  /// Takes in hashes whose order does not matter.
  package mutating func combine(unordered hashes: [ContentHash]) {
    combine(hashes.count)
    for hash in hashes.sorted() { combine(hash) }
  }

  /// Takes in a text.
  package mutating func combine(_ text: String) {
    var text = text
    text.withUTF8 { combine(UnsafeRawBufferPointer($0)) }
  }

  /// Takes in bytes, 32 at a time in four independent lanes, and their number.
  package mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    var a = low, b = high, c = low ^ Self.multiplier, d = high &+ Self.secondMultiplier
    var offset = 0
    func word(_ place: Int) -> UInt64 {
      UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + place, as: UInt64.self))
    }
    while offset + 32 <= bytes.count {
      Self.mix(word(0), into: &a)
      Self.mix(word(8), into: &b)
      Self.mix(word(16), into: &c)
      Self.mix(word(24), into: &d)
      offset += 32
    }
    for lane in [a, b, c, d] { combine(lane) }
    while offset < bytes.count {
      var word: UInt64 = 0
      for place in 0..<min(8, bytes.count - offset) {
        word |= UInt64(bytes[offset + place]) << UInt64(8 * place)
      }
      combine(word)
      offset += 8
    }
    combine(bytes.count)
  }

  private static func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 {
    (word &<< bits) | (word &>> (64 - bits))
  }

  /// The first half as 16 hexadecimal digits.
  package var digest: String {
    let digits = String(high, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension ContentHash: Comparable {
  /// Any fixed order, for putting hashes into a canonical sequence.
  package static func < (a: ContentHash, b: ContentHash) -> Bool {
    (a.high, a.low) < (b.high, b.low)
  }
}

extension Tensor {
  /// The hash of element type, dimensions and elements; equal tensors have equal hashes.
  package var contentHash: ContentHash {
    var hash = ContentHash(seed: UInt64(UInt32(bitPattern: elementType.rawValue)))
    hash.combine(dimensions.count)
    for dimension in dimensions { hash.combine(dimension) }
    if isAbsent, case .external(let entries) = encoding {
      // Where the elements are said to be is all that is known of them.
      for entry in entries { hash.combine("\(entry.key ?? "")=\(entry.value ?? "")") }
      return hash
    }
    switch payload {
    case .bytes(let storage):
      storage.withUnsafeBytes { hash.combine($0) }
      storage.releasePages()
    case .strings(let strings):
      hash.combine(strings.count)
      for string in strings { string.withUnsafeBytes { hash.combine($0) } }
    }
    return hash
  }

  /// The digest that reports print for the tensor's content: 16 hexadecimal digits.
  public var digest: String { contentHash.digest }
}
