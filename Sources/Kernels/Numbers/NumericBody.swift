/// A computation that is the same for every number type.
protocol NumericBody {
  func callAsFunction<T: Comparable & Numeric & BitwiseCopyable>(_ type: T.Type)
}

extension Scalar {
  /// Runs the body for the number type of this layout; bools count as bytes.
  func run(_ body: some NumericBody) {
    switch self {
    case .bool, .uint8: body(UInt8.self)
    case .int8: body(Int8.self)
    case .uint16: body(UInt16.self)
    case .int16: body(Int16.self)
    case .uint32: body(UInt32.self)
    case .int32: body(Int32.self)
    case .uint64: body(UInt64.self)
    case .int64: body(Int64.self)
    case .float: body(Float.self)
    case .double: body(Double.self)
    }
  }
}

/// A computation that differs between floating-point numbers and integers, which wrap.
protocol SplitNumericBody {
  func floats<T: FloatingPoint & BitwiseCopyable>(_ type: T.Type)
  func integers<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type)
}

extension Scalar {
  /// Runs the body for the number type of this layout; bools count as bytes.
  func run(_ body: some SplitNumericBody) {
    switch self {
    case .bool, .uint8: body.integers(UInt8.self)
    case .int8: body.integers(Int8.self)
    case .uint16: body.integers(UInt16.self)
    case .int16: body.integers(Int16.self)
    case .uint32: body.integers(UInt32.self)
    case .int32: body.integers(Int32.self)
    case .uint64: body.integers(UInt64.self)
    case .int64: body.integers(Int64.self)
    case .float: body.floats(Float.self)
    case .double: body.floats(Double.self)
    }
  }
}
