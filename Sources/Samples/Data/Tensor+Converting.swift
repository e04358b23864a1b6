internal import IR
internal import Operators

extension Tensor {
  /// The same numbers in another element type; nil where a number would not survive: integers
  /// outside the type or beyond what a float holds exactly, fractions as integers. Floating-point
  /// numbers are rounded to the nearest that the narrower type has.
  func converted(to type: ElementType) -> Tensor? {
    if type == elementType { return self }
    if let numbers = integers, elementType != .bool || type.isNumber {
      return Self.integers(numbers, type, dimensions)
    }
    guard elementType.isFloatingPoint, let numbers = doubles else { return nil }
    switch type {
    case .float: return Tensor(type, dimensions, Storage(numbers.map { Float($0) }))
    case .double: return Tensor(type, dimensions, Storage(numbers))
    case .float16: return Tensor(type, dimensions, Storage(numbers.map { Float16($0) }))
    case .bfloat16: return Tensor.bfloat16(numbers.map { Float($0) }, dimensions)
    default:
      let whole = numbers.compactMap { Int(exactly: $0) }
      return whole.count == numbers.count ? Self.integers(whole, type, dimensions) : nil
    }
  }

  private static func integers(
    _ numbers: [Int], _ type: ElementType, _ dimensions: [Int]
  ) -> Tensor? {
    func made<T: BitwiseCopyable>(_ convert: (Int) -> T?) -> Tensor? {
      let values = numbers.compactMap(convert)
      return values.count == numbers.count ? Tensor(type, dimensions, Storage(values)) : nil
    }
    switch type {
    case .float: return made { Float(exactly: $0) }
    case .double: return made { Double(exactly: $0) }
    case .float16: return made { Float16(exactly: $0) }
    case .int8: return made { Int8(exactly: $0) }
    case .int16: return made { Int16(exactly: $0) }
    case .int32: return made { Int32(exactly: $0) }
    case .int64: return made { Int64(exactly: $0) }
    case .uint8: return made { UInt8(exactly: $0) }
    case .uint16: return made { UInt16(exactly: $0) }
    case .uint32: return made { UInt32(exactly: $0) }
    case .uint64: return made { UInt64(exactly: $0) }
    case .bool: return made { 0...1 ~= $0 ? UInt8($0) : nil }
    default: return nil
    }
  }
}

extension ElementType {
  fileprivate var isNumber: Bool { self != .bool && self != .string && self != .undefined }
}
