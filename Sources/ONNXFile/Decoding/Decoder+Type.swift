internal import IR

extension Decoder {
  /// Decodes a `TypeProto`, nil where it names no type or an opaque one. Of several, which protobuf
  /// calls a `oneof`, the last counts.
  func type(_ message: UnsafeRawBufferPointer) -> ValueType? {
    var result: ValueType?
    for field in WireFields(message) {
      switch field.number {
      case 1: result = .tensor(tensorType(field.payload))
      case 4: result = .sequence(element(field.payload))
      case 5: result = map(field.payload)
      case 7: result = nil
      case 8: result = .sparseTensor(tensorType(field.payload))
      case 9: result = .optional(element(field.payload))
      default: break
      }
    }
    return result
  }

  /// The element type of a sequence or optional.
  private func element(_ message: UnsafeRawBufferPointer) -> ValueType? {
    var result: ValueType?
    for field in WireFields(message) where field.number == 1 { result = type(field.payload) }
    return result
  }

  private func map(_ message: UnsafeRawBufferPointer) -> ValueType {
    var key = ElementType.undefined
    var value: ValueType?
    for field in WireFields(message) {
      switch field.number {
      case 1: key = ElementType(rawValue: field.int32)
      case 2: value = type(field.payload)
      default: break
      }
    }
    return .map(key: key, value: value)
  }

  private func tensorType(_ message: UnsafeRawBufferPointer) -> TensorType {
    var result = TensorType.unknown
    for field in WireFields(message) {
      switch field.number {
      case 1: result.elementType = ElementType(rawValue: field.int32)
      case 2: result.shape = shape(field.payload)
      default: break
      }
    }
    return result
  }

  private func shape(_ message: UnsafeRawBufferPointer) -> Shape {
    var dimensions: [Dimension] = []
    for field in WireFields(message) where field.number == 1 {
      dimensions.append(dimension(field.payload))
    }
    return Shape(dimensions)
  }

  /// Decodes a dimension. Negative lengths, which some exporters write for open ones, are unknown.
  private func dimension(_ message: UnsafeRawBufferPointer) -> Dimension {
    var result = Dimension.unknown
    for field in WireFields(message) {
      switch field.number {
      case 1: result = field.int >= 0 ? .known(field.int) : .unknown
      case 2: result = field.payload.isEmpty ? .unknown : Dimension(named: text(field))
      default: break
      }
    }
    return result
  }
}
