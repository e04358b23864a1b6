public import IR

/// Files that hold one value of any type, such as a sample of test data: `TensorProto`,
/// `SequenceProto` and `OptionalProto` of onnx-data.proto. Nothing in such a file says which it is; the
/// type of the graph's input or output does.
extension ONNXFile {
  /// Reads a file that holds a value of the given type; a tensor for other types and for nil.
  public static func readValue(_ path: String, as type: ValueType?) throws(ModelError) -> Datum {
    let expected =
      switch type {
      case .sequence?: "an ONNX sequence"
      case .optional?: "an ONNX optional"
      default: Framing.Kind.tensor.rawValue
      }
    let file = try FileBytes.read(path, expecting: expected)
    return try noting(FileBytes.label(path)) { () throws(ModelError) in
      let folder = path == "-" ? "." : FileBytes.folder(of: path)
      let value = try ValueCoding(expected: expected, folder: folder).decode(file, type, depth: 0)
      guard case .tensor(var tensor) = value, tensor.elementType == .uint16,
        type?.tensor?.elementType == .bfloat16
      else { return value }
      // Test data made with NumPy, which has no bfloat16, hold its bits as integers.
      tensor.elementType = .bfloat16
      return .tensor(tensor)
    }
  }

  /// Writes a file that holds one value.
  public static func writeValue(
    _ value: Datum, name: String, to path: String
  ) throws(ModelError) {
    if case .tensor(var tensor) = value {
      tensor.name = name
      return try writeTensor(tensor, to: path)
    }
    let message = ValueCoding.encode(value, name: name)
    try noting(FileBytes.label(path, isOutput: true)) { () throws(ModelError) in
      try FileBytes.write(message.pieces, to: path)
    }
  }
}

/// The messages of onnx-data.proto, which are small: fields 1 name, 2 kind of the contents, then one
/// field for each kind of contents.
private struct ValueCoding {
  let expected: String
  let folder: String

  /// ONNX's numbers for kinds of contents (`SequenceProto.DataType`, `OptionalProto.DataType`).
  private enum Kind {
    static let tensor = 1
    static let sequence = 3
    static let optional = 5
  }

  /// The number of the field that holds contents of a kind: in sequences; in optionals it is that
  /// of the kind and 2 as well.
  private static func field(_ kind: Int) -> Int { kind + 2 }

  private static let depthLimit = 32

  func decode(_ file: Storage, _ type: ValueType?, depth: Int) throws(ModelError) -> Datum {
    guard depth < Self.depthLimit else {
      throw ModelError(
        .limit, "expected at most \(Self.depthLimit) levels of values, found more")
    }
    switch type {
    case .sequence(let inner):
      return .sequence(try contents(file, inner, depth), of: inner)
    case .optional(let inner):
      let values = try contents(file, inner, depth)
      guard values.count <= 1 else {
        throw ModelError(.malformed, "expected \(expected), found \(values.count) values in one")
      }
      return .optional(values.first, of: inner)
    default: return .tensor(try ONNXFile.decodeTensor(file, folder: folder))
    }
  }

  /// The values in a sequence or optional whose contents have the type `inner`.
  private func contents(
    _ file: Storage, _ inner: ValueType?, _ depth: Int
  ) throws(ModelError) -> [Datum] {
    let wanted =
      switch inner {
      case .sequence?: Self.field(Kind.sequence)
      case .optional?: Self.field(Kind.optional)
      default: Self.field(Kind.tensor)
      }
    var values: [Datum] = []
    for (number, range) in try fields(file) where number >= Self.field(Kind.tensor) {
      guard number == wanted else {
        throw ModelError(
          .malformed,
          "expected \(expected) of \(inner.map { "\($0)" } ?? "tensors"), found other contents in"
            + " field \(number)")
      }
      let part = UnsafeRawBufferPointer(rebasing: file.bytes[range])
      values.append(try decode(Storage(part, keptAliveBy: file), inner, depth: depth + 1))
    }
    return values
  }

  /// The messages and texts in a message: the number of each field and where its bytes are.
  private func fields(_ file: Storage) throws(ModelError) -> [(number: Int, range: Range<Int>)] {
    let bytes = file.bytes
    var place = 0
    func malformed() -> ModelError {
      ModelError(.malformed, "expected \(expected), found bytes that are no field at byte \(place)")
    }
    func varint() throws(ModelError) -> UInt64 {
      var value: UInt64 = 0
      for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
        guard place < bytes.count else { throw malformed() }
        let byte = bytes[place]
        place += 1
        value |= UInt64(byte & 0x7f) << shift
        if byte < 0x80 { return value }
      }
      throw malformed()
    }
    var found: [(number: Int, range: Range<Int>)] = []
    while place < bytes.count {
      let tag = try varint()
      switch tag & 7 {
      case 0: _ = try varint()
      case 1, 5:
        place += tag & 7 == 1 ? 8 : 4
        guard place <= bytes.count else { throw malformed() }
      case 2:
        let length = try varint()
        guard length <= UInt64(bytes.count - place) else { throw malformed() }
        found.append((Int(tag >> 3), place..<place + Int(length)))
        place += Int(length)
      default: throw malformed()
      }
    }
    return found
  }

  static func encode(_ value: Datum, name: String?) -> WireWriter {
    switch value {
    case .tensor(let tensor):
      var encoder = Encoder()
      return encoder.tensor(tensor, name: name ?? tensor.name, mayBeExternal: false)
    case .sequence(let elements, let type):
      return encode(elements, kind(elements.first?.type ?? type), name)
    case .optional(let content, let type):
      // No value, no kind: that is how ONNX writes an absent one.
      return encode(content.map { [$0] } ?? [], content == nil ? 0 : kind(type), name)
    }
  }

  private static func kind(_ type: ValueType?) -> Int {
    switch type {
    case .sequence?: Kind.sequence
    case .optional?: Kind.optional
    default: Kind.tensor
    }
  }

  private static func encode(_ values: [Datum], _ kind: Int, _ name: String?) -> WireWriter {
    var out = WireWriter()
    out.text(1, name)
    out.integer(2, kind)
    for value in values { out.message(field(kind), encode(value, name: nil)) }
    out.close()
    return out
  }
}
