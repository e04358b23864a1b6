internal import IR

extension Encoder {
  /// Encodes a type as `TypeProto`.
  func type(_ type: ValueType) -> WireWriter {
    var out = WireWriter()
    switch type {
    case .tensor(let type): out.message(1, tensorType(type))
    case .sequence(let element): out.message(4, wrapper(of: element))
    case .map(let key, let value):
      var map = WireWriter()
      map.integer(1, Int(key.rawValue))
      if let value { map.message(2, self.type(value)) }
      map.close()
      out.message(5, map)
    case .sparseTensor(let type): out.message(8, tensorType(type))
    case .optional(let element): out.message(9, wrapper(of: element))
    }
    out.close()
    return out
  }

  private func wrapper(of element: ValueType?) -> WireWriter {
    var out = WireWriter()
    if let element { out.message(1, type(element)) }
    out.close()
    return out
  }

  private func tensorType(_ type: TensorType) -> WireWriter {
    var out = WireWriter()
    out.integer(1, Int(type.elementType.rawValue))
    if let shape = type.shape {
      var dimensions = WireWriter()
      for dimension in shape.dimensions { dimensions.message(1, self.dimension(dimension)) }
      dimensions.close()
      out.message(2, dimensions)
    }
    out.close()
    return out
  }

  private func dimension(_ dimension: Dimension) -> WireWriter {
    var out = WireWriter()
    switch dimension {
    case .known(let value): out.integer(1, value)
    case .symbolic(let expression): out.text(2, expression.symbol ?? expression.description)
    case .unknown: break
    }
    out.close()
    return out
  }
}
