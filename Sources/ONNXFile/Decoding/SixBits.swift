internal import IR

/// Elements of six bits: a stream of bits in `raw_data`, the first element in the lowest, and one
/// entry each in `int32_data`, whose varints are single bytes.
enum SixBits {
  /// The stream of codes below 64, made when somebody reads it.
  static func elements(_ codes: Storage) -> Storage {
    // Varints of several bytes may be zeros at length: only whole ones count.
    let count = TypedData.count(codes)
    return .deferred(count: (count * 6 + 7) / 8, encoded: codes) { target in
      codes.withUnsafeBytes { bytes in
        var cursor = WireCursor(bytes)
        var pending: UInt64 = 0, held = 0
        for byte in target.indices {
          while held < 8, let code = cursor.varint() {
            pending |= (code & 0x3F) << UInt64(held)
            held += 6
          }
          target[byte] = UInt8(truncatingIfNeeded: pending)
          pending >>= 8
          held = max(0, held - 8)
        }
      }
    }
  }

  /// The codes of `count` elements, a byte each.
  static func codes(_ stream: Storage, count: Int) -> [UInt8] {
    stream.withUnsafeBytes { bytes in
      (0..<count).map { index in
        let byte = index * 6 / 8, place = index * 6 % 8
        let next = place > 2 ? UInt16(bytes[byte + 1]) << 8 : 0
        return UInt8((UInt16(bytes[byte]) | next) >> UInt16(place) & 0x3F)
      }
    }
  }
}
