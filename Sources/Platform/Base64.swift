/// Bytes as text of 64 characters, as RFC 4648 has it, filled up with `=`.
package enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The text of bytes.
  package static func text(of bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      var bits = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      bits <<= UInt32(8 * (3 - part.count))
      for place in 0..<4 {
        let digit = digits[Int(bits >> UInt32(18 - 6 * place) & 63)]
        out.append(place <= part.count ? digit : UInt8(ascii: "="))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The bytes of a text; nil where it is none of this form.
  package static func bytes(of text: String) -> [UInt8]? {
    let source = Array(text.utf8)
    guard source.count % 4 == 0 else { return nil }
    let fill = source.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    var values = [UInt8](repeating: 64, count: 256)
    for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
    var out: [UInt8] = []
    out.reserveCapacity(source.count / 4 * 3)
    var bits: UInt32 = 0
    for (place, byte) in source.enumerated() {
      let value = place < source.count - fill ? values[Int(byte)] : 0
      guard value < 64 else { return nil }
      bits = bits << 6 | UInt32(value)
      guard place % 4 == 3 else { continue }
      out += [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8)]
      out.append(UInt8(truncatingIfNeeded: bits))
      bits = 0
    }
    out.removeLast(fill)
    return out
  }
}
