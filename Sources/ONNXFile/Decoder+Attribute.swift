internal import COnnx
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
  static let reference = 21

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
    _ proto: UnsafePointer<Onnx__AttributeProto>, initializersAreConstant: Bool
  ) throws(ModelError) -> Attribute {
    let message = proto.pointee
    let kind: Int32? = message.has_type != 0 ? Int32(bitPattern: message.type.rawValue) : nil
    let present = presentFields(proto)
    let name = text(message.name) ?? ""
    var decoded: FieldNumbers = [13, 20]
    decoded = decoded.unlessEmptyText(1, name)
    var extras: [RawField] = []
    var value = AttributeValue.opaque

    if let reference = text(message.ref_attr_name), !reference.isEmpty {
      value = .reference(reference)
      decoded = decoded.union([AttributeField.reference])
    } else if let field = valueField(kind: kind, present: present) {
      value = try self.value(
        of: message, field, initializersAreConstant: initializersAreConstant)
      decoded = decoded.union(FieldNumbers(bits: 1 << UInt64(field)))
      if field <= AttributeField.string && !present.contains(field) {
        // Writers of the proto3 kind leave out a zero: an empty field remembers that.
        extras.append(RawField(number: field, bytes: []))
      }
    }
    var attribute = Attribute(name, value)
    attribute.kind = kind
    attribute.docString = text(message.doc_string)
    if case .opaque = value, let sparse = message.sparse_tensor {
      attribute.sparseValue = try sparseTensor(sparse)
    }
    attribute.extras = extras + self.extras(proto, decoded: decoded)
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

  private func value(
    of message: Onnx__AttributeProto, _ field: Int, initializersAreConstant: Bool
  ) throws(ModelError) -> AttributeValue {
    switch field {
    case AttributeField.float: return .float(message.f)
    case AttributeField.int: return .int(Int(message.i))
    case AttributeField.string: return .string(bytes(message.s))
    case AttributeField.tensor: return .tensor(try tensor(message.t))
    case AttributeField.graph:
      return .graph(try graph(message.g, initializersAreConstant: initializersAreConstant))
    case AttributeField.floats:
      return .floats(Array(UnsafeBufferPointer(start: message.floats, count: message.n_floats)))
    case AttributeField.ints:
      return .ints(
        UnsafeBufferPointer(start: message.ints, count: message.n_ints).map { Int($0) })
    case AttributeField.strings:
      return .strings((0..<message.n_strings).map { bytes(message.strings[$0]) })
    case AttributeField.tensors:
      var tensors: [Tensor] = []
      for item in list(message.tensors, message.n_tensors) { tensors.append(try tensor(item)) }
      return .tensors(tensors)
    case AttributeField.graphs:
      var graphs: [Graph] = []
      for item in list(message.graphs, message.n_graphs) {
        graphs.append(try graph(item, initializersAreConstant: initializersAreConstant))
      }
      return .graphs(graphs)
    default: return .opaque
    }
  }
}
