import IR
import Testing

/// Bytes of which any part is computed by itself.
@Suite struct StreamedStorageTests {
  /// Bytes that say where they lie.
  private func storage(_ count: Int) -> Storage {
    .streamed(count: count) { target, offset in
      for index in target.indices {
        target[index] = UInt8(truncatingIfNeeded: (offset + index) * 7)
      }
    }
  }

  private func bytes(_ range: Range<Int>) -> [UInt8] {
    range.map { UInt8(truncatingIfNeeded: $0 * 7) }
  }

  @Test("Small bytes stand in memory, large ones do not", arguments: [0, 1, 1000, 3 << 20])
  func whole(count: Int) {
    let storage = storage(count)
    #expect(storage.isComputed == (count > 1 << 20))
    #expect(storage.withUnsafeBytes { $0.elementsEqual(bytes(0..<count)) })
    let made = storage.aligned(to: 4)
    #expect(!made.isComputed)
    #expect(made.withUnsafeBytes { $0.elementsEqual(bytes(0..<count)) })
  }

  @Test("A part is what the whole has there, before and after the whole was asked for")
  func parts() {
    let storage = storage(3 << 20)
    let range = 1_234_567..<1_250_001
    for _ in 0..<2 {
      var part = [UInt8](repeating: 0, count: range.count)
      part.withUnsafeMutableBytes { storage.copy(to: $0, from: range.lowerBound) }
      #expect(part == bytes(range))
      #expect(storage.bytes.count == 3 << 20)
    }
  }
}
