internal import IR

/// The numbers of the fields of `TensorProto` that concern what it is called and where elements are.
enum TensorField {
  static let name = 8
  static let raw = 9
  static let externalData = 13
  static let location = 14
}

extension Decoder {
  /// Decodes a tensor and checks that it holds as many elements as its dimensions ask for.
  /// Elements stay where they are in the file.
  func tensor(_ message: UnsafeRawBufferPointer) throws(ModelError) -> Tensor {
    var tensor = Tensor(.undefined, [], Storage(count: 0))
    var entries: [MetadataEntry] = []
    var present: FieldNumbers = []
    var isExternal = false
    for field in WireFields(message) {
      switch field.number {
      case 1: appendLengths(field, to: &tensor.dimensions)
      case 2: tensor.elementType = ElementType(rawValue: field.int32)
      case TensorField.name: tensor.name = text(field)
      case 12: tensor.docString = text(field)
      case TensorField.externalData: entries.append(entry(field))
      case TensorField.location: isExternal = field.int32 == 1
      case 16: tensor.metadata.append(entry(field))
      // A packed field without elements is none.
      case 4, 5, 7, 10, 11: if !field.payload.isEmpty { present.insert(field.number) }
      default: present.insert(field.number)
      }
    }
    let type = tensor.elementType
    let title = "\(type)[\(tensor.dimensions.map { "\($0)" }.joined(separator: ","))]"
    let count = try elementCount(tensor.dimensions, title)
    let home = try ElementSource(present, isExternal: isExternal, type, title)

    var decoded: FieldNumbers = [1, 8, 12, 16]
    // A type that is spelled out as undefined stays as encoded, apart from an absent one.
    if type != .undefined { decoded.insert(2) }
    switch home {
    case .raw:
      decoded.insert(TensorField.raw)
      tensor.payload = .bytes(try raw(message, type, count, title))
    case .external:
      decoded.insert(TensorField.externalData)
      decoded.insert(TensorField.location)
      let size = try byteCount(type, count, title)
      tensor.encoding = .external(entries)
      if let storage = try external.storage(entries, byteCount: size, title) {
        tensor.payload = .bytes(storage)
      } else {
        tensor.payload = .bytes(
          .streamed(count: size ?? 0) { target, _ in
            _ = target.initializeMemory(as: UInt8.self, repeating: 0)
          })
        tensor.isAbsent = true
      }
    case .typed(let field):
      decoded.insert(field.rawValue)
      tensor.encoding = .typed
      tensor.payload = try typed(message, field, type, count, title)
    case .unknown: tensor.encoding = .typed
    }
    for field in WireFields(message) where !decoded.contains(field.number) {
      tensor.extras.append(raw(field))
    }
    return tensor
  }

  /// Decodes a sparse tensor; nil where it has no values or no indices.
  func sparseTensor(_ message: UnsafeRawBufferPointer) throws(ModelError) -> SparseTensor? {
    var (values, indices): ([UnsafeRawBufferPointer], [UnsafeRawBufferPointer]) = ([], [])
    var dimensions: [Int] = []
    for field in WireFields(message) {
      switch field.number {
      case 1: values.append(field.payload)
      case 2: indices.append(field.payload)
      case 3: appendLengths(field, to: &dimensions)
      default: break
      }
    }
    guard let values = source.merged(values), let indices = source.merged(indices) else {
      return nil
    }
    return SparseTensor(
      values: try tensor(values), indices: try tensor(indices), dimensions: dimensions)
  }

  /// Adds the lengths that a field holds, one or packed ones.
  private func appendLengths(_ field: WireField, to dimensions: inout [Int]) {
    var cursor = WireCursor(field.payload)
    while let length = cursor.varint() { dimensions.append(Int(truncatingIfNeeded: length)) }
  }

  /// Where a tensor's elements are.
  private enum ElementSource {
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
      let count = typed.count + (isRaw ? 1 : 0) + (isExternal ? 1 : 0)
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
    guard let count = Tensor.count(dimensions) else {
      throw ModelError(
        .malformed, "\(title): expected fewer than 2^56 elements, found shape \(dimensions)")
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
    _ message: UnsafeRawBufferPointer, _ type: ElementType, _ count: Int, _ title: String
  ) throws(ModelError) -> Storage {
    var data = UnsafeRawBufferPointer(rebasing: message[..<0])
    for field in WireFields(message) where field.number == TensorField.raw { data = field.payload }
    if let size = try byteCount(type, count, title), size != data.count {
      throw ModelError(
        .malformed, "\(title): expected \(size) bytes of raw_data, found \(data.count)")
    }
    return source.storage(data)
  }

  private func typed(
    _ message: UnsafeRawBufferPointer, _ field: TypedField, _ type: ElementType, _ count: Int,
    _ title: String
  ) throws(ModelError) -> Tensor.Payload {
    let size = try byteCount(type, count, title)
    func require(_ found: Int) throws(ModelError) {
      let expected = size.map { field.entries(type, count: count, size: $0) } ?? count
      guard found == expected else {
        throw ModelError(
          .malformed, "\(title): expected \(expected) values in \(field.name), found \(found)")
      }
    }
    if field == .string {
      var texts: [[UInt8]] = []
      for part in WireFields(message) where part.number == field.rawValue {
        texts.append([UInt8](part.payload))
      }
      try require(texts.count)
      return .strings(texts)
    }
    let entries = self.entries(message, field)
    guard field.isVarint else {
      try require(entries.count / field.entryWidth)
      return .bytes(entries)
    }
    try require(TypedData.count(entries))
    guard let storage = TypedData.elements(entries, type) else {
      throw ModelError(
        .malformed,
        "\(title): expected values of this type in \(field.name), found one out of range")
    }
    return .bytes(storage)
  }

  /// The packed entries of a typed field, where they lie unless they lie apart.
  private func entries(_ message: UnsafeRawBufferPointer, _ field: TypedField) -> Storage {
    var first: UnsafeRawBufferPointer?
    var rest: [UInt8] = []
    for part in WireFields(message) where part.number == field.rawValue && !part.payload.isEmpty {
      if let start = first {
        if rest.isEmpty { rest = [UInt8](start) }
        rest.append(contentsOf: part.payload)
      } else {
        first = part.payload
      }
    }
    return rest.isEmpty ? first.map(source.storage) ?? Storage(count: 0) : Storage(rest)
  }
}
