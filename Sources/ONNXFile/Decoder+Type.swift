internal import COnnx
internal import IR

extension Decoder {
  /// Decodes a `TypeProto`, nil where it names no type or an opaque one.
  func type(_ proto: UnsafePointer<Onnx__TypeProto>) -> ValueType? {
    let message = proto.pointee
    switch message.value_case {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
      guard let tensor = message.tensor_type?.pointee else { return nil }
      return .tensor(tensorType(tensor.has_elem_type != 0 ? tensor.elem_type : 0, tensor.shape))
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
      guard let tensor = message.sparse_tensor_type?.pointee else { return nil }
      return .sparseTensor(
        tensorType(tensor.has_elem_type != 0 ? tensor.elem_type : 0, tensor.shape))
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
      return .sequence(message.sequence_type?.pointee.elem_type.flatMap { type($0) })
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
      return .optional(message.optional_type?.pointee.elem_type.flatMap { type($0) })
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
      guard let map = message.map_type?.pointee else { return nil }
      return .map(
        key: ElementType(rawValue: map.has_key_type != 0 ? map.key_type : 0),
        value: map.value_type.flatMap { type($0) })
    default: return nil
    }
  }

  private func tensorType(
    _ elementType: Int32, _ shape: UnsafeMutablePointer<Onnx__TensorShapeProto>?
  ) -> TensorType {
    TensorType(
      ElementType(rawValue: elementType),
      shape.map { shape in Shape(list(shape.pointee.dim, shape.pointee.n_dim).map { dimension($0) })
      })
  }

  /// Decodes a dimension. Negative lengths, which some exporters write for open ones, are unknown.
  private func dimension(_ proto: UnsafePointer<Onnx__TensorShapeProto__Dimension>) -> Dimension {
    switch proto.pointee.value_case {
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE where proto.pointee.dim_value >= 0:
      return .known(Int(proto.pointee.dim_value))
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM:
      guard let name = text(proto.pointee.dim_param), !name.isEmpty else { return .unknown }
      return Dimension(symbol: name)
    default: return .unknown
    }
  }
}
