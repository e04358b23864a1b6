/// Writes documents.
struct JSONWriter {
  private let isPretty: Bool
  private let escapesSlashes: Bool
  private var out: [UInt8] = []

  /// The text of a document, keys sorted by their bytes.
  static func bytes(of tree: JSONTree, isPretty: Bool, escapesSlashes: Bool) -> [UInt8] {
    var writer = JSONWriter(isPretty: isPretty, escapesSlashes: escapesSlashes)
    writer.write(tree, 0)
    return writer.out
  }

  private init(isPretty: Bool, escapesSlashes: Bool) {
    self.isPretty = isPretty
    self.escapesSlashes = escapesSlashes
  }

  private mutating func write(_ tree: JSONTree, _ depth: Int) {
    switch tree {
    case .null: put("null")
    case .bool(let value): put(value ? "true" : "false")
    case .number(let digits): put(digits)
    case .string(let text): quote(text)
    case .array(let items):
      put("[")
      for (index, item) in items.enumerated() {
        separate(index, depth)
        write(item, depth + 1)
      }
      close("]", isEmpty: items.isEmpty, depth)
    case .object(let members):
      put("{")
      let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (index, member) in sorted.enumerated() {
        separate(index, depth)
        quote(member.key)
        put(isPretty ? " : " : ":")
        write(member.value, depth + 1)
      }
      close("}", isEmpty: members.isEmpty, depth)
    }
  }

  private mutating func put(_ text: String) { out += text.utf8 }

  private mutating func separate(_ index: Int, _ depth: Int) {
    if index > 0 { put(",") }
    if isPretty { breakLine(depth + 1) }
  }

  private mutating func close(_ bracket: String, isEmpty: Bool, _ depth: Int) {
    if isPretty {
      if isEmpty { put("\n") }
      breakLine(depth)
    }
    put(bracket)
  }

  private mutating func breakLine(_ depth: Int) {
    put("\n")
    out += repeatElement(UInt8(ascii: " "), count: 2 * depth)
  }

  private mutating func quote(_ text: String) {
    put("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): put("\\\"")
      case UInt8(ascii: "\\"): put("\\\\")
      case UInt8(ascii: "/") where escapesSlashes: put("\\/")
      case 0x08: put("\\b")
      case 0x09: put("\\t")
      case 0x0a: put("\\n")
      case 0x0c: put("\\f")
      case 0x0d: put("\\r")
      case 0..<0x20: put((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16))
      default: out.append(byte)
      }
    }
    put("\"")
  }
}
