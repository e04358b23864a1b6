internal import IR

extension Encoder {
  /// Encodes a tensor under a name.
  ///
  /// Elements go to the field they came from; those that came from another file go to `raw_data`,
  /// or to the external file where there is one and the tensor is large.
  mutating func tensor(_ tensor: Tensor, name: String?, mayBeExternal: Bool) -> WireWriter {
    var location: [MetadataEntry]?
    if mayBeExternal, let storage = tensor.storage, storage.count >= ExternalLayout.threshold {
      location = external?.add(storage)
    }
    let isMoved = location != nil
    let extras = tensor.extras.filter {
      !isMoved || $0.number != TensorField.location && $0.number != TensorField.externalData
    }
    var out = WireWriter(extras: extras)
    for dimension in tensor.dimensions { out.integer(1, dimension) }
    if tensor.elementType != .undefined { out.integer(2, Int(tensor.elementType.rawValue)) }

    let field = isMoved ? nil : Self.field(for: tensor)
    if case .typed(let typed) = field, typed.rawValue < 8 { encode(tensor, in: typed, to: &out) }
    out.text(8, name)
    if field == .raw, let storage = tensor.storage { out.payload(TensorField.raw, storage) }
    if case .typed(let typed) = field, typed.rawValue > 8 { encode(tensor, in: typed, to: &out) }
    out.text(12, tensor.docString)
    for entry in location ?? [] { out.message(TensorField.externalData, self.entry(entry)) }
    if isMoved { out.integer(TensorField.location, 1) }
    for entry in tensor.metadata { out.message(16, self.entry(entry)) }
    out.close()
    return out
  }

  private enum Field: Equatable {
    case raw
    case typed(TypedField)
  }

  /// The field that takes a tensor's elements, nil when they are among the extra fields.
  private static func field(for tensor: Tensor) -> Field? {
    if case .strings = tensor.payload { return .typed(.string) }
    guard tensor.encoding == .typed else { return .raw }
    if let typed = TypedField(tensor.elementType), typed != .string { return .typed(typed) }
    return tensor.byteCount == 0 ? nil : .raw
  }

  private func encode(_ tensor: Tensor, in field: TypedField, to out: inout WireWriter) {
    switch tensor.payload {
    case .strings(let texts): for text in texts { out.bytes(field.rawValue, text) }
    case .bytes(let storage) where storage.count == 0: break
    case .bytes(let storage):
      switch field {
      case .float, .double: out.payload(field.rawValue, storage)
      default:
        if let encoded = storage.encoded {
          out.payload(field.rawValue, encoded)
        } else {
          out.bytes(
            field.rawValue, TypedData.varints(storage, tensor.elementType, count: tensor.count))
        }
      }
    }
  }
}
