/// A JSON document as it stands in a file.
package indirect enum JSONTree: Equatable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number, in the digits in which it is written.
  case number(String)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONTree])
  /// Keys and values; of equal keys the first counts.
  case object([String: JSONTree])
}

/// What reads and writes values of types that are `Codable` as JSON.
///
/// Foundation does the same, and brings along calendars, texts with attributes and tables of Unicode
/// which would be a tenth of a wheel. These files import nothing and know nothing of models: the parser
/// of the command line takes them in too where it is built for a wheel.
package enum JSONCoding {
  /// A value as JSON with sorted keys.
  ///
  /// - Parameters:
  ///   - isPretty: whether it is indented by two spaces a level, each value on a line of its own.
  ///   - escapesSlashes: whether `/` is written as `\/`.
  /// - Throws: `EncodingError` where a number is none of JSON's.
  package static func bytes(
    of value: some Encodable, isPretty: Bool = true, escapesSlashes: Bool = true
  ) throws -> [UInt8] {
    let node = EncodingNode()
    try node.take(value, [])
    return JSONWriter.bytes(
      of: node.tree, isPretty: isPretty, escapesSlashes: escapesSlashes)
  }

  /// The value that JSON says.
  ///
  /// - Throws: `DecodingError` where the bytes are no JSON, or say something else.
  package static func value<Value: Decodable>(
    _ type: Value.Type = Value.self, from bytes: [UInt8]
  ) throws -> Value {
    guard let tree = bytes.withUnsafeBufferPointer({ JSONReader.tree(of: $0) }) else {
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "no JSON"))
    }
    return try TreeDecoder(tree, []).value(type)
  }
}
