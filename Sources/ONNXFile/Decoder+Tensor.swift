internal import COnnx
internal import IR

/// The numbers of the fields of `TensorProto` that concern where elements are.
enum TensorField {
  static let raw = 9
  static let externalData = 13
  static let location = 14
}

extension Decoder {
  /// Decodes a tensor and checks that it holds as many elements as its dimensions ask for.
  /// Elements stay where they are unless the file holds them wider than they are.
  func tensor(_ proto: UnsafePointer<Onnx__TensorProto>) throws(ModelError) -> Tensor {
    let message = proto.pointee
    let type = ElementType(rawValue: message.has_data_type != 0 ? message.data_type : 0)
    let dimensions = UnsafeBufferPointer(start: message.dims, count: message.n_dims).map { Int($0) }
    let title = "\(type)[\(dimensions.map { "\($0)" }.joined(separator: ","))]"
    let count = try elementCount(dimensions, title)
    let isExternal = message.has_data_location != 0 && message.data_location.rawValue == 1
    let source = try Source(presentFields(proto), isExternal: isExternal, type, title)

    var decoded: FieldNumbers = [1, 8, 12, 16]
    // A type that is spelled out as undefined stays as encoded, apart from an absent one.
    if type != .undefined { decoded = decoded.union([2]) }
    var tensor = Tensor(type, dimensions, Storage(count: 0))
    switch source {
    case .raw:
      decoded = decoded.union([9])
      tensor.payload = .bytes(try raw(message.raw_data, type, count, title))
    case .external:
      decoded = decoded.union([13, 14])
      let entries = self.entries(message.external_data, message.n_external_data)
      let size = try byteCount(type, count, title)
      tensor.payload = .bytes(try external.storage(entries, byteCount: size, type, title))
      tensor.encoding = .external(entries)
    case .typed(let field):
      decoded = decoded.union(FieldNumbers(bits: 1 << UInt64(field.rawValue)))
      tensor.encoding = .typed
      try decodeTyped(message, field, count, title, into: &tensor)
    case .unknown: tensor.encoding = .typed
    }
    tensor.name = text(message.name)
    tensor.docString = text(message.doc_string)
    tensor.metadata = entries(message.metadata_props, message.n_metadata_props)
    tensor.extras = extras(proto, decoded: decoded)
    return tensor
  }

  /// Decodes a sparse tensor; nil where it has no values or no indices.
  func sparseTensor(
    _ proto: UnsafePointer<Onnx__SparseTensorProto>
  ) throws(ModelError) -> SparseTensor? {
    let message = proto.pointee
    guard let values = message.values, let indices = message.indices else { return nil }
    return SparseTensor(
      values: try tensor(values), indices: try tensor(indices),
      dimensions: UnsafeBufferPointer(start: message.dims, count: message.n_dims).map { Int($0) })
  }

  /// Where a tensor's elements are.
  private enum Source {
    case raw
    case external
    case typed(TypedField)
    /// A type not known here, in typed fields, which stay as encoded.
    case unknown

    init(
      _ present: FieldNumbers, isExternal: Bool, _ type: ElementType, _ title: String
    ) throws(ModelError) {
      let typed = present.intersection([4, 5, 6, 7, 10, 11])
      let isRaw = present.contains(TensorField.raw)
      let count = typed.numbers.count + (isRaw ? 1 : 0) + (isExternal ? 1 : 0)
      guard count <= 1 || !isRaw && !isExternal && TypedField(type) == nil else {
        throw ModelError(.malformed, "\(title): expected elements in one field, found \(count)")
      }
      if isExternal || isRaw {
        guard type != .string else {
          throw ModelError(
            .malformed,
            "\(title): expected texts in string_data, found them in "
              + (isRaw ? "raw_data" : "another file"))
        }
        self = isExternal ? .external : .raw
      } else {
        self = TypedField(type).map { .typed($0) } ?? .unknown
      }
    }
  }

  private func elementCount(_ dimensions: [Int], _ title: String) throws(ModelError) -> Int {
    if let negative = dimensions.first(where: { $0 < 0 }) {
      throw ModelError(.malformed, "\(title): expected lengths from 0, found \(negative)")
    }
    if dimensions.contains(0) { return 0 }
    var count = 1
    for dimension in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow else {
        throw ModelError(
          .malformed, "\(title): expected fewer than 2^63 elements, found a product that overflows")
      }
      count = product
    }
    return count
  }

  /// The bytes that elements take, nil for a type not known here.
  private func byteCount(
    _ type: ElementType, _ count: Int, _ title: String
  ) throws(ModelError) -> Int? {
    guard type.bitWidth != nil else { return nil }
    guard let size = type.byteCount(of: count) else {
      throw ModelError(
        .malformed, "\(title): expected fewer than 2^63 bytes, found a product that overflows")
    }
    return size
  }

  private func raw(
    _ data: ProtobufCBinaryData, _ type: ElementType, _ count: Int, _ title: String
  ) throws(ModelError) -> Storage {
    if let size = try byteCount(type, count, title), size != data.len {
      throw ModelError(
        .malformed, "\(title): expected \(size) bytes of raw_data, found \(data.len)")
    }
    return slice(data.data, data.len)
  }

  private func decodeTyped(
    _ message: Onnx__TensorProto, _ field: TypedField, _ count: Int, _ title: String,
    into tensor: inout Tensor
  ) throws(ModelError) {
    let type = tensor.elementType
    let found: Int
    switch field {
    case .float: found = message.n_float_data
    case .int32: found = message.n_int32_data
    case .string: found = message.n_string_data
    case .int64: found = message.n_int64_data
    case .double: found = message.n_double_data
    case .uint64: found = message.n_uint64_data
    }
    let size = try byteCount(type, count, title)
    let expected = size.map { $0 / field.packedWidth(type) } ?? count
    guard found == expected else {
      throw ModelError(
        .malformed, "\(title): expected \(expected) values in \(field.name), found \(found)")
    }
    let misfit = ModelError(
      .malformed, "\(title): expected values of this type in \(field.name), found one out of range")
    switch field {
    case .float: tensor.payload = .bytes(slice(message.float_data, found * 4))
    case .double: tensor.payload = .bytes(slice(message.double_data, found * 8))
    case .int64: tensor.payload = .bytes(slice(message.int64_data, found * 8))
    case .string: tensor.payload = .strings((0..<found).map { bytes(message.string_data[$0]) })
    case .int32 where type == .int32:
      tensor.payload = .bytes(slice(message.int32_data, found * 4))
    case .int32:
      let entries = UnsafeBufferPointer<Int32>(start: message.int32_data, count: found)
      guard let (storage, isReversible) = TypedData.narrow(entries, type) else { throw misfit }
      tensor.payload = .bytes(storage)
      if !isReversible { tensor.encoding = .raw }
    case .uint64 where type == .uint64:
      tensor.payload = .bytes(slice(message.uint64_data, found * 8))
    case .uint64:
      let entries = UnsafeBufferPointer<UInt64>(start: message.uint64_data, count: found)
      guard let storage = TypedData.narrow(entries) else { throw misfit }
      tensor.payload = .bytes(storage)
    }
  }

  /// Bytes of the arena, or none.
  private func slice(_ start: UnsafeRawPointer?, _ count: Int) -> Storage {
    Storage(
      UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count), keptAliveBy: arena)
  }
}
