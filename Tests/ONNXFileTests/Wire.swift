import IR

/// Protobuf messages built byte by byte, so that tests do not rest on the code they test.
enum Wire {
  static func varint(_ value: Int) -> [UInt8] {
    var rest = UInt64(bitPattern: Int64(value))
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  static func number(_ field: Int, _ value: Int) -> [UInt8] { varint(field << 3) + varint(value) }

  static func field(_ field: Int, _ bytes: [UInt8]) -> [UInt8] {
    varint(field << 3 | 2) + varint(bytes.count) + bytes
  }

  static func text(_ field: Int, _ text: String) -> [UInt8] { self.field(field, Array(text.utf8)) }

  /// A model of IR version 8 around the fields of a graph.
  static func model(graph: [UInt8], rest: [UInt8] = []) -> [UInt8] {
    number(1, 8) + field(7, graph) + field(8, number(2, 17)) + rest
  }

  /// A model whose graph has one initializer called `w`.
  static func model(tensor fields: [UInt8]) -> [UInt8] { model(graph: field(5, fields)) }

  /// A tensor called `w`, with its elements in `data`: a field with its tag.
  static func tensor(_ type: ElementType, _ dimensions: [Int], _ data: [UInt8] = []) -> [UInt8] {
    let head = dimensions.flatMap { number(1, $0) } + number(2, Int(type.rawValue))
    let isBeforeName = data.first.map { $0 >> 3 < 8 } ?? true
    return head + (isBeforeName ? data + text(8, "w") : text(8, "w") + data)
  }

  /// The field `external_data` and `data_location` of a tensor.
  static func external(_ entries: KeyValuePairs<String, String>) -> [UInt8] {
    entries.flatMap { field(13, text(1, $0.key) + text(2, $0.value)) } + number(14, 1)
  }

  static func node(_ type: String, _ inputs: [String], _ outputs: [String], name: String? = nil)
    -> [UInt8]
  {
    inputs.flatMap { text(1, $0) } + outputs.flatMap { text(2, $0) }
      + (name.map { text(3, $0) } ?? []) + text(4, type)
  }
}
