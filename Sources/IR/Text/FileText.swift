/// The texts of a model file as Swift strings, and back, without loss.
///
/// ONNX asks for UTF-8, but files hold other bytes too, and a Swift string cannot. Each byte that is
/// not part of valid UTF-8 becomes one of the last 128 scalars of plane 16, a private area; texts
/// that hold such scalars themselves have their bytes replaced in the same way.
package enum FileText {
  private static let escapes: ClosedRange<UInt32> = 0x10FF80...0x10FFFF

  /// The string for these bytes.
  package static func decode(_ bytes: UnsafeRawBufferPointer) -> String {
    bytes.withMemoryRebound(to: UInt8.self) { decode($0) }
  }

  private static func decode(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    if !bytes.contains(0xF4), let text = String(validating: bytes, as: UTF8.self) { return text }
    var scalars = String.UnicodeScalarView()
    var position = 0
    while position < bytes.count {
      if let (scalar, length) = scalar(in: bytes, at: position), !escapes.contains(scalar.value) {
        scalars.append(scalar)
        position += length
      } else if let escape = Unicode.Scalar(0x10FF00 + UInt32(bytes[position])) {
        scalars.append(escape)
        position += 1
      }
    }
    return String(scalars)
  }

  /// The bytes that this string was decoded from.
  package static func encode(_ text: String) -> [UInt8] {
    var bytes = Array(text.utf8)
    guard bytes.contains(0xF4) else { return bytes }
    bytes.removeAll(keepingCapacity: true)
    for scalar in text.unicodeScalars {
      if escapes.contains(scalar.value) {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar)!)
      }
    }
    return bytes
  }

  /// A text as people should see it: what is no UTF-8 as `\xFF`, and control characters, which a
  /// terminal would obey, in the same way. Line breaks and tabs stay.
  package static func shown(_ text: String) -> String {
    func isPlain(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.value {
      case 0x09, 0x0A: true
      case 0..<0x20, 0x7F..<0xA0, escapes: false
      default: true
      }
    }
    guard !text.unicodeScalars.allSatisfy(isPlain) else { return text }
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if isPlain(scalar) {
        shown.append(scalar)
        continue
      }
      for byte in encode(String(scalar)) {
        let digits = String(byte, radix: 16, uppercase: true)
        shown.append(contentsOf: "\\x\(digits.count < 2 ? "0" : "")\(digits)".unicodeScalars)
      }
    }
    return String(shown)
  }

  /// The scalar that begins at `position` and the bytes it takes, or nil where none does.
  private static func scalar(
    in bytes: UnsafeBufferPointer<UInt8>, at position: Int
  ) -> (Unicode.Scalar, length: Int)? {
    let first = UInt32(bytes[position])
    let (length, lead, least): (Int, UInt32, UInt32)
    switch first {
    case 0x00...0x7F: return (Unicode.Scalar(bytes[position]), 1)
    case 0xC2...0xDF: (length, lead, least) = (2, first & 0x1F, 0x80)
    case 0xE0...0xEF: (length, lead, least) = (3, first & 0x0F, 0x800)
    case 0xF0...0xF4: (length, lead, least) = (4, first & 0x07, 0x10000)
    default: return nil
    }
    guard position + length <= bytes.count else { return nil }
    var value = lead
    for byte in bytes[position + 1..<position + length] {
      guard byte & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
    return (scalar, length)
  }
}
