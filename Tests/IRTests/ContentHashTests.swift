import IR
import Testing

@Suite("Content hash")
struct ContentHashTests {
  @Test("digests stay the same from release to release")
  func stable() {
    #expect(Tensor(floats: [1, 2, 3], [3]).digest == "8143d4e0d8cd78af")
    #expect(Tensor(int64: Array(0..<100), [10, 10]).digest == "703f27067251c74c")
  }

  @Test("shape, element type and every single bit count", arguments: [1, 7, 8, 31, 32, 33, 100])
  func sensitive(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
    func hash(_ bytes: [UInt8], _ type: ElementType = .uint8, _ shape: [Int]? = nil) -> ContentHash
    {
      Tensor(type, shape ?? [bytes.count], Storage(bytes)).contentHash
    }
    var seen: Set<ContentHash> = [
      hash(bytes), hash(bytes, .int8), hash(bytes, .uint8, [1, count]), hash(bytes + [0]),
    ]
    #expect(seen.count == 4)
    for bit in 0..<8 * count {
      var other = bytes
      other[bit / 8] ^= 1 << (bit % 8)
      seen.insert(hash(other))
    }
    #expect(seen.count == 4 + 8 * count)
  }
}
