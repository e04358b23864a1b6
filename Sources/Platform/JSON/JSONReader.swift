/// Reads documents as RFC 8259 has them, in UTF-8.
struct JSONReader {
  /// So many levels are followed at most, so that no file exhausts the stack.
  private static let depthLimit = 512

  private let bytes: UnsafeBufferPointer<UInt8>
  private var place = 0

  /// The document, nil where the bytes are none.
  static func tree(of bytes: UnsafeBufferPointer<UInt8>) -> JSONTree? {
    var reader = JSONReader(bytes: bytes)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { reader.place = 3 }
    guard let tree = reader.value(0) else { return nil }
    reader.skipSpace()
    return reader.place == bytes.count ? tree : nil
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      place += 1
    }
  }

  private mutating func takes(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    place += 1
    return true
  }

  private mutating func takes(_ word: StaticString) -> Bool {
    let end = place + word.utf8CodeUnitCount
    guard end <= bytes.count else { return false }
    for index in 0..<word.utf8CodeUnitCount where bytes[place + index] != word.utf8Start[index] {
      return false
    }
    place = end
    return true
  }

  private mutating func value(_ depth: Int) -> JSONTree? {
    skipSpace()
    guard let byte = next, depth < Self.depthLimit else { return nil }
    switch byte {
    case UInt8(ascii: "{"): return object(depth)
    case UInt8(ascii: "["): return array(depth)
    case UInt8(ascii: "\""): return text().map { .string($0) }
    case UInt8(ascii: "t"): return takes("true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return takes("false") ? .bool(false) : nil
    case UInt8(ascii: "n"): return takes("null") ? .null : nil
    default: return number()
    }
  }

  private mutating func array(_ depth: Int) -> JSONTree? {
    place += 1
    var items: [JSONTree] = []
    skipSpace()
    if takes(UInt8(ascii: "]")) { return .array([]) }
    while let item = value(depth + 1) {
      items.append(item)
      skipSpace()
      if takes(UInt8(ascii: "]")) { return .array(items) }
      guard takes(UInt8(ascii: ",")) else { return nil }
    }
    return nil
  }

  private mutating func object(_ depth: Int) -> JSONTree? {
    place += 1
    var members: [String: JSONTree] = [:]
    skipSpace()
    if takes(UInt8(ascii: "}")) { return .object([:]) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\""), let key = text() else { return nil }
      skipSpace()
      guard takes(UInt8(ascii: ":")), let value = value(depth + 1) else { return nil }
      if members[key] == nil { members[key] = value }
      skipSpace()
      if takes(UInt8(ascii: "}")) { return .object(members) }
      guard takes(UInt8(ascii: ",")) else { return nil }
    }
  }

  // MARK: Numbers

  private mutating func number() -> JSONTree? {
    let start = place
    _ = takes(UInt8(ascii: "-"))
    if !takes(UInt8(ascii: "0")) {
      guard digits() else { return nil }
    }
    if takes(UInt8(ascii: ".")) {
      guard digits() else { return nil }
    }
    if takes(UInt8(ascii: "e")) || takes(UInt8(ascii: "E")) {
      if !takes(UInt8(ascii: "-")) { _ = takes(UInt8(ascii: "+")) }
      guard digits() else { return nil }
    }
    return .number(String(decoding: bytes[start..<place], as: UTF8.self))
  }

  /// Takes digits, of which there has to be one.
  private mutating func digits() -> Bool {
    let start = place
    while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { place += 1 }
    return place > start
  }

  // MARK: Texts

  private mutating func text() -> String? {
    place += 1
    var out: [UInt8] = []
    while let byte = next {
      let start = place
      switch byte {
      case UInt8(ascii: "\""):
        place += 1
        return String(validating: out, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard escaped(to: &out) else { return nil }
      case 0..<0x20: return nil
      default:
        while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\")
        {
          place += 1
        }
        out += bytes[start..<place]
      }
    }
    return nil
  }

  private mutating func escaped(to out: inout [UInt8]) -> Bool {
    place += 1
    guard let byte = next else { return false }
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0c)
    case UInt8(ascii: "n"): out.append(0x0a)
    case UInt8(ascii: "r"): out.append(0x0d)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "u"):
      guard let scalar = scalar() else { return false }
      out += String(Character(scalar)).utf8
    default: return false
    }
    return true
  }

  /// A scalar of four digits, or of two halves; nil for a half alone.
  private mutating func scalar() -> Unicode.Scalar? {
    guard let first = unit() else { return nil }
    guard first >> 10 == 0xd800 >> 10 else { return Unicode.Scalar(first) }
    guard takes("\\u"), let second = unit(), second >> 10 == 0xdc00 >> 10 else { return nil }
    return Unicode.Scalar(0x10000 + (first & 0x3ff) << 10 + (second & 0x3ff))
  }

  private mutating func unit() -> UInt32? {
    guard place + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for byte in bytes[place..<place + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    place += 4
    return value
  }
}
