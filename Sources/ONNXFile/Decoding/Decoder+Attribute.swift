internal import IR

/// The numbers of the fields of `AttributeProto` that hold values.
enum AttributeField {
  static let float = 2
  static let int = 3
  static let string = 4
  static let tensor = 5
  static let graph = 6
  static let floats = 7
  static let ints = 8
  static let strings = 9
  static let tensors = 10
  static let graphs = 11
  static let type = 14
  static let reference = 21
  static let sparseTensor = 22

  /// The field that holds values of a kind (`AttributeProto.AttributeType`), nil for kinds that the
  /// representation keeps as encoded.
  static func holding(kind: Int32) -> Int? {
    switch kind {
    case 1...5: Int(kind) + 1
    case 6...10: Int(kind) + 1
    default: nil
    }
  }
}

extension Decoder {
  /// Decodes an attribute. The field that its kind names holds the value; where the kind is absent,
  /// as in old files, it is the only field there is. All others stay as encoded.
  func attribute(
    _ message: UnsafeRawBufferPointer, initializersAreConstant: Bool
  ) throws(ModelError) -> Attribute {
    var attribute = Attribute("", .opaque)
    var present: FieldNumbers = []
    var reference: String?
    for field in WireFields(message) {
      switch field.number {
      case 1: attribute.name = text(field)
      case 13: attribute.docString = text(field)
      case 20: attribute.kind = field.int32
      case AttributeField.reference: reference = text(field)
      default: present.insert(field.number)
      }
    }
    if let reference, !reference.isEmpty { attribute.value = .reference(reference) }
    let isReference = reference?.isEmpty == false
    let chosen = isReference ? nil : valueField(kind: attribute.kind, present: present)
    if let chosen, chosen <= AttributeField.string, !present.contains(chosen) {
      // Writers of the proto3 kind leave out a zero: an empty field remembers that.
      attribute.extras.append(RawField(number: chosen, bytes: Storage(count: 0)))
    }
    for field in WireFields(message) {
      switch field.number {
      case 13, 20, chosen: break
      case 1 where !attribute.name.isEmpty: break
      case AttributeField.reference where isReference: break
      default: attribute.extras.append(raw(field))
      }
    }
    if let chosen {
      try decodeValue(message, chosen, initializersAreConstant, into: &attribute)
    } else if !isReference {
      let whole = { number in
        source.merged(WireFields(message).filter { $0.number == number }.map(\.payload))
      }
      if present.contains(AttributeField.sparseTensor) {
        attribute.sparseValue = try whole(AttributeField.sparseTensor).flatMap(sparseTensor)
      } else if present.contains(AttributeField.type) {
        attribute.typeValue = whole(AttributeField.type).flatMap(type)
      }
    }
    return attribute
  }

  /// The number of the field to take the value from.
  private func valueField(kind: Int32?, present: FieldNumbers) -> Int? {
    if let kind, kind != 0 {
      guard let field = AttributeField.holding(kind: kind) else { return nil }
      let isSingleMessage = field == AttributeField.tensor || field == AttributeField.graph
      return isSingleMessage && !present.contains(field) ? nil : field
    }
    let candidates = present.intersection([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).numbers
    return candidates.count == 1 ? candidates[0] : nil
  }

  private func decodeValue(
    _ message: UnsafeRawBufferPointer, _ number: Int, _ initializersAreConstant: Bool,
    into attribute: inout Attribute
  ) throws(ModelError) {
    let fields = WireFields(message).lazy.filter { $0.number == number }
    switch number {
    case AttributeField.float: attribute.value = .float(fields.reduce(0) { $1.float })
    case AttributeField.int: attribute.value = .int(fields.reduce(0) { $1.int })
    case AttributeField.string:
      attribute.value = .string(fields.reduce([]) { [UInt8]($1.payload) })
    case AttributeField.floats:
      var values: [Float] = []
      for field in fields {
        attribute.isPacked = attribute.isPacked || field.isBytes
        var cursor = WireCursor(field.payload)
        while let bits = cursor.fixed(UInt32.self) { values.append(Float(bitPattern: bits)) }
      }
      attribute.value = .floats(values)
    case AttributeField.ints:
      var values: [Int] = []
      for field in fields {
        attribute.isPacked = attribute.isPacked || field.isBytes
        var cursor = WireCursor(field.payload)
        while let value = cursor.varint() { values.append(Int(truncatingIfNeeded: value)) }
      }
      attribute.value = .ints(values)
    case AttributeField.strings: attribute.value = .strings(fields.map { [UInt8]($0.payload) })
    case AttributeField.tensors:
      var tensors: [Tensor] = []
      for field in fields { tensors.append(try tensor(field.payload)) }
      attribute.value = .tensors(tensors)
    case AttributeField.graphs:
      var graphs: [Graph] = []
      for field in fields {
        graphs.append(
          try graph(field.payload, initializersAreConstant: initializersAreConstant))
      }
      attribute.value = .graphs(graphs)
    default:
      guard let whole = source.merged(fields.map(\.payload)) else { return }
      attribute.value =
        number == AttributeField.tensor
        ? .tensor(try tensor(whole))
        : .graph(try graph(whole, initializersAreConstant: initializersAreConstant))
    }
  }
}
