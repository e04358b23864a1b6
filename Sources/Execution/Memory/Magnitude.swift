internal import IR
private import Synchronization

extension RuntimeTensor {
  /// A number that no magnitude of the elements, which are floats, exceeds: the largest of them, or
  /// what is known of them beforehand. Infinite or no number where an element may be.
  ///
  /// - Parameter isMeasured: whether the elements are looked at although a number is known already.
  package func magnitude(measured isMeasured: Bool = false) -> Double {
    if let bound, bound.isMeasured || !isMeasured { return bound.value }
    let value = largestMagnitude
    bound = (value, true)
    return value
  }

  private var largestMagnitude: Double {
    withElements { bytes, _ in
      guard let base = bytes.baseAddress else { return 0 }
      let vectors = bytes.count / 64
      let found = Atomic<UInt32>(0)
      shareOut(vectors, grain: 1 << 12) { range in
        // Without their signs the bits of floats are in the order of the floats, with infinity and
        // what is no number behind all others.
        var largest = SIMD16<UInt32>.zero
        for index in range {
          let bits = (base + 64 * index).loadUnaligned(as: SIMD16<UInt32>.self) & 0x7fff_ffff
          largest.replace(with: bits, where: bits .> largest)
        }
        found.max(largest.max(), ordering: .relaxed)
      }
      var largest = found.load(ordering: .relaxed)
      for offset in stride(from: 64 * vectors, to: bytes.count & ~3, by: 4) {
        largest = max(
          largest, base.loadUnaligned(fromByteOffset: offset, as: UInt32.self) & 0x7fff_ffff)
      }
      return Double(Float(bitPattern: largest))
    }
  }
}
