/// The digest that ONNX names for checksums of external data (FIPS 180-4, section 6.1). It finds
/// damage, not malice.
struct SHA1 {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
  )

  /// The digest of bytes: 40 hexadecimal digits in lower case.
  static func hexDigest(_ bytes: UnsafeRawBufferPointer) -> String {
    var hash = SHA1()
    let whole = bytes.count / 64 * 64
    for offset in stride(from: 0, to: whole, by: 64) {
      hash.take(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + 64]))
    }
    var rest = [UInt8](bytes[whole...]) + [0x80]
    rest += [UInt8](repeating: 0, count: (120 - rest.count % 64) % 64)
    for shift in stride(from: 56, through: 0, by: -8) {
      rest.append(UInt8(truncatingIfNeeded: UInt64(bytes.count) &* 8 >> UInt64(shift)))
    }
    rest.withUnsafeBytes { tail in
      for offset in stride(from: 0, to: tail.count, by: 64) {
        hash.take(UnsafeRawBufferPointer(rebasing: tail[offset..<offset + 64]))
      }
    }
    let (a, b, c, d, e) = hash.state
    return [a, b, c, d, e].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// Takes in one block of 64 bytes.
  private mutating func take(_ block: UnsafeRawBufferPointer) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { words in
      for index in 0..<16 {
        words[index] = UInt32(
          bigEndian: block.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
      }
      for index in 16..<80 {
        let mixed = words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16]
        words[index] = mixed << 1 | mixed >> 31
      }
      var (a, b, c, d, e) = state
      for index in 0..<80 {
        let (mixed, constant): (UInt32, UInt32) =
          switch index {
          case ..<20: (b & c | ~b & d, 0x5A82_7999)
          case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
          case ..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
          default: (b ^ c ^ d, 0xCA62_C1D6)
          }
        let next = (a << 5 | a >> 27) &+ mixed &+ e &+ constant &+ words[index]
        (a, b, c, d, e) = (next, a, b << 30 | b >> 2, c, d)
      }
      state.0 &+= a
      state.1 &+= b
      state.2 &+= c
      state.3 &+= d
      state.4 &+= e
    }
  }
}
