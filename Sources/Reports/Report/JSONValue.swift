/// A JSON document whose objects keep the order of their keys, so that equal reports are equal
/// bytes.
public indirect enum JSONValue: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case int(Int)
  /// Any other number; infinities and NaN are written as the texts `inf`, `-inf` and `nan`.
  case number(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Keys and values, in the order in which they are written.
  case object([Member])

  /// One key and its value.
  public struct Member: Hashable, Sendable {
    /// The key.
    public var key: String
    /// The value.
    public var value: JSONValue

    /// Makes a pair.
    public init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// An object from pairs.
  public static func object(_ pairs: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(pairs.map { Member(key: $0.key, value: $0.value) })
  }

  /// An object from pairs that are made when the program runs.
  public static func members(_ pairs: [(key: String, value: JSONValue)]) -> JSONValue {
    .object(pairs.map { Member(key: $0.key, value: $0.value) })
  }

  /// A number, or `null` where there is none.
  public static func int(_ value: Int?) -> JSONValue { value.map { .int($0) } ?? .null }

  /// A number, or `null` where there is none.
  public static func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

  /// A list of texts.
  public static func strings(_ values: [String]) -> JSONValue {
    .array(values.map { .string($0) })
  }

  /// A text, or `null` where there is none.
  public static func string(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

  /// The value of an object's key, nil when there is none.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The document, indented by two spaces a level, with a line break at the end.
  public var text: String {
    var out = ""
    write(to: &out, depth: 0)
    return out + "\n"
  }

  private func write(to out: inout String, depth: Int) {
    switch self {
    case .null: out += "null"
    case .bool(let value): out += value ? "true" : "false"
    case .int(let value): out += "\(value)"
    case .number(let value): out += value.isFinite ? "\(value)" : "\"\(Self.word(value))\""
    case .string(let value): Self.quote(value, to: &out)
    case .array(let items):
      let bodies = items.map { item in
        { (out: inout String) in item.write(to: &out, depth: depth + 1) }
      }
      Self.enclose(bodies, "[", "]", to: &out, depth: depth)
    case .object(let members):
      let bodies = members.map { member in
        { (out: inout String) in
          Self.quote(member.key, to: &out)
          out += ": "
          member.value.write(to: &out, depth: depth + 1)
        }
      }
      Self.enclose(bodies, "{", "}", to: &out, depth: depth)
    }
  }

  private static func enclose(
    _ bodies: [(inout String) -> Void], _ open: String, _ close: String, to out: inout String,
    depth: Int
  ) {
    out += open
    for (index, body) in bodies.enumerated() {
      out += (index == 0 ? "\n" : ",\n") + String(repeating: "  ", count: depth + 1)
      body(&out)
    }
    if !bodies.isEmpty { out += "\n" + String(repeating: "  ", count: depth) }
    out += close
  }

  /// A number that is none of JSON's.
  private static func word(_ value: Double) -> String {
    value.isNaN ? "nan" : value > 0 ? "inf" : "-inf"
  }

  private static func quote(_ text: String, to out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\u{0}"..."\u{1f}", "\u{7f}":
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    out += "\""
  }
}

extension JSONValue {
  /// The document on one line, without spaces.
  package var line: String {
    var out = ""
    writeLine(to: &out)
    return out
  }

  private func writeLine(to out: inout String) {
    switch self {
    case .array(let items):
      out += "["
      for (index, item) in items.enumerated() {
        if index > 0 { out += "," }
        item.writeLine(to: &out)
      }
      out += "]"
    case .object(let members):
      out += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { out += "," }
        JSONValue.string(member.key).writeLine(to: &out)
        out += ":"
        member.value.writeLine(to: &out)
      }
      out += "}"
    default: write(to: &out, depth: 0)
    }
  }
}
