internal import COnnx
internal import IR

/// From protobuf-c's structures to the graph representation.
struct Decoder {
  /// Owns the structures; payloads refer into it.
  let arena: Arena
  /// The files that tensors may refer to.
  let external: ExternalFiles

  func model(_ proto: UnsafePointer<Onnx__ModelProto>) throws(ModelError) -> Model {
    let message = proto.pointee
    guard let graph = message.graph else {
      throw ModelError(.malformed, "expected an ONNX model, found one without a graph")
    }
    let irVersion = message.has_ir_version != 0 ? Int(message.ir_version) : nil
    var model = Model(
      graph: try self.graph(graph, initializersAreConstant: (irVersion ?? 0) < 4),
      irVersion: irVersion)
    model.producerName = text(message.producer_name)
    model.producerVersion = text(message.producer_version)
    model.domain = text(message.domain)
    model.modelVersion = message.has_model_version != 0 ? Int(message.model_version) : nil
    model.docString = text(message.doc_string)
    model.opsetImports = opsets(message.opset_import, message.n_opset_import)
    model.metadata = entries(message.metadata_props, message.n_metadata_props)
    for function in list(message.functions, message.n_functions) {
      model.functions.append(
        try noting("function '\(text(function.pointee.name) ?? "")'") { () throws(ModelError) in
          try self.function(function, initializersAreConstant: (irVersion ?? 0) < 4)
        })
    }
    model.extras = extras(proto, decoded: [1, 2, 3, 4, 5, 6, 7, 8, 14, 25])
    return model
  }

  private func function(
    _ proto: UnsafePointer<Onnx__FunctionProto>, initializersAreConstant: Bool
  ) throws(ModelError) -> Function {
    let message = proto.pointee
    var builder = GraphBuilder()
    for index in 0..<message.n_input {
      try builder.addInput(text(message.input[index]) ?? "") { ValueInfo($0, type: nil) }
    }
    try addNodes(
      message.node, message.n_node, to: &builder, initializersAreConstant: initializersAreConstant)
    for index in 0..<message.n_output {
      try builder.addOutput(text(message.output[index]) ?? "") { ValueInfo($0, type: nil) }
    }
    addValueInfos(message.value_info, message.n_value_info, to: &builder, fieldNumber: 12)
    var function = Function(body: builder.graph)
    function.body.initializersAreConstant = initializersAreConstant
    // Declarations that the body cannot hold are fields of the function here.
    function.extras =
      builder.graph.extras + extras(proto, decoded: [1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
    function.body.extras = []
    function.name = text(message.name)
    function.domain = text(message.domain)
    function.overload = text(message.overload)
    function.docString = text(message.doc_string)
    function.attributeNames = (0..<message.n_attribute).map { text(message.attribute[$0]) ?? "" }
    for attribute in list(message.attribute_proto, message.n_attribute_proto) {
      function.attributeDefaults.append(
        try self.attribute(attribute, initializersAreConstant: initializersAreConstant))
    }
    function.opsetImports = opsets(message.opset_import, message.n_opset_import)
    function.metadata = entries(message.metadata_props, message.n_metadata_props)
    return function
  }

  private func opsets(
    _ items: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__OperatorSetIdProto>?>?, _ count: Int
  ) -> [OpsetImport] {
    list(items, count).map { proto in
      OpsetImport(
        domain: text(proto.pointee.domain),
        version: proto.pointee.has_version != 0 ? Int(proto.pointee.version) : nil,
        extras: extras(proto, decoded: [1, 2]))
    }
  }
}

// MARK: - What all messages share

extension Decoder {
  /// The messages of a repeated field.
  func list<T>(
    _ items: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ count: Int
  ) -> [UnsafePointer<T>] {
    guard let items else { return [] }
    return (0..<count).compactMap { index in items[index].map { UnsafePointer($0) } }
  }

  /// A text, nil where the field is absent.
  func text(_ characters: UnsafeMutablePointer<CChar>?) -> String? {
    guard let characters else { return nil }
    var count = 0
    while characters[count] != 0 { count += 1 }
    return characters.withMemoryRebound(to: UInt8.self, capacity: count) {
      FileText.decode(UnsafeBufferPointer(start: $0, count: count))
    }
  }

  /// The bytes of a `bytes` field.
  func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
    [UInt8](UnsafeBufferPointer(start: data.data, count: data.len))
  }

  /// Keys and values.
  func entries(
    _ items: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__StringStringEntryProto>?>?,
    _ count: Int
  ) -> [MetadataEntry] {
    list(items, count).map { proto in
      MetadataEntry(
        key: text(proto.pointee.key), value: text(proto.pointee.value),
        extras: extras(proto, decoded: [1, 2]))
    }
  }

  /// The known fields that are present in a message.
  func presentFields<T>(_ proto: UnsafePointer<T>) -> FieldNumbers {
    FieldNumbers(bits: lapidary_present_fields(base(proto)))
  }

  /// The fields of a message that the graph representation has no place for, as encoded: known
  /// ones that are present and not `decoded`, then those that the schema does not know.
  func extras<T>(_ proto: UnsafePointer<T>, decoded: FieldNumbers) -> [RawField] {
    let message = base(proto)
    let rest = presentFields(proto).subtracting(decoded)
    let unknownCount = Int(message.pointee.n_unknown_fields)
    if rest.isEmpty && unknownCount == 0 { return [] }
    var fields = rest.numbers.map { RawField(number: $0, bytes: pack(proto, field: $0)) }
    for index in 0..<unknownCount {
      let field = message.pointee.unknown_fields[index]
      var bytes: [UInt8] = []
      bytes.appendVarint(UInt64(field.tag) << 3 | UInt64(field.wire_type.rawValue))
      bytes.append(contentsOf: UnsafeBufferPointer(start: field.data, count: field.len))
      fields.append(RawField(number: Int(field.tag), bytes: bytes))
    }
    return fields
  }

  /// One known field of a message, encoded with its tag; all elements of a repeated one.
  func pack<T>(_ proto: UnsafePointer<T>, field number: Int) -> [UInt8] {
    let size = lapidary_field_size(base(proto), UInt32(number))
    return [UInt8](unsafeUninitializedCapacity: size) { target, initialized in
      if size > 0 { lapidary_field_pack(base(proto), UInt32(number), target.baseAddress!) }
      initialized = size
    }
  }

  /// A whole message, encoded.
  func pack<T>(_ proto: UnsafePointer<T>) -> [UInt8] {
    let size = protobuf_c_message_get_packed_size(base(proto))
    return [UInt8](unsafeUninitializedCapacity: size) { target, initialized in
      if size > 0 { protobuf_c_message_pack(base(proto), target.baseAddress!) }
      initialized = size
    }
  }

  private func base<T>(_ proto: UnsafePointer<T>) -> UnsafePointer<ProtobufCMessage> {
    UnsafeRawPointer(proto).assumingMemoryBound(to: ProtobufCMessage.self)
  }
}

/// A set of field numbers below 64.
struct FieldNumbers: ExpressibleByArrayLiteral {
  private(set) var bits: UInt64

  init(bits: UInt64) { self.bits = bits }

  init(arrayLiteral numbers: Int...) { bits = numbers.reduce(0) { $0 | 1 << UInt64($1) } }

  var isEmpty: Bool { bits == 0 }

  /// The numbers, rising.
  var numbers: [Int] { (0..<64).filter { contains($0) } }

  func contains(_ number: Int) -> Bool { bits >> UInt64(number) & 1 != 0 }

  func union(_ other: Self) -> Self { Self(bits: bits | other.bits) }

  func intersection(_ other: Self) -> Self { Self(bits: bits & other.bits) }

  func subtracting(_ other: Self) -> Self { Self(bits: bits & ~other.bits) }
}
