/// The type of one element of a tensor, with ONNX's numbering (`TensorProto.DataType`).
///
/// A structure rather than an enumeration: a model may name a type that a later ONNX release adds,
/// and such a code has to survive reading and writing.
public struct ElementType: RawRepresentable, Hashable, Sendable {
  /// ONNX's number of the type.
  public let rawValue: Int32

  /// Wraps ONNX's number, known here or not.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// ONNX's element types, under ONNX's names and numbers.
  public static let undefined = ElementType(rawValue: 0), float = ElementType(rawValue: 1),
    uint8 = ElementType(rawValue: 2), int8 = ElementType(rawValue: 3),
    uint16 = ElementType(rawValue: 4), int16 = ElementType(rawValue: 5),
    int32 = ElementType(rawValue: 6), int64 = ElementType(rawValue: 7),
    string = ElementType(rawValue: 8), bool = ElementType(rawValue: 9),
    float16 = ElementType(rawValue: 10), double = ElementType(rawValue: 11),
    uint32 = ElementType(rawValue: 12), uint64 = ElementType(rawValue: 13),
    complex64 = ElementType(rawValue: 14), complex128 = ElementType(rawValue: 15),
    bfloat16 = ElementType(rawValue: 16), float8e4m3fn = ElementType(rawValue: 17),
    float8e4m3fnuz = ElementType(rawValue: 18), float8e5m2 = ElementType(rawValue: 19),
    float8e5m2fnuz = ElementType(rawValue: 20), uint4 = ElementType(rawValue: 21),
    int4 = ElementType(rawValue: 22), float4e2m1 = ElementType(rawValue: 23),
    float8e8m0 = ElementType(rawValue: 24), uint2 = ElementType(rawValue: 25),
    int2 = ElementType(rawValue: 26), float6e2m3 = ElementType(rawValue: 27),
    float6e3m2 = ElementType(rawValue: 28)

  private static let facts: [(name: String, bits: Int)] = [
    ("undefined", 0), ("float", 32), ("uint8", 8), ("int8", 8), ("uint16", 16), ("int16", 16),
    ("int32", 32), ("int64", 64), ("string", 0), ("bool", 8), ("float16", 16), ("double", 64),
    ("uint32", 32), ("uint64", 64), ("complex64", 64), ("complex128", 128), ("bfloat16", 16),
    ("float8e4m3fn", 8), ("float8e4m3fnuz", 8), ("float8e5m2", 8), ("float8e5m2fnuz", 8),
    ("uint4", 4), ("int4", 4), ("float4e2m1", 4), ("float8e8m0", 8), ("uint2", 2), ("int2", 2),
    ("float6e2m3", 6), ("float6e3m2", 6),
  ]

  /// Bits that an element takes in `raw_data`, or nil for strings and for types not known here.
  public var bitWidth: Int? {
    guard let bits = Self.facts[safe: Int(rawValue)]?.bits, bits > 0 else { return nil }
    return bits
  }

  /// Whether these are floats of 16 bits.
  package var isHalf: Bool { self == .float16 || self == .bfloat16 }

  /// Bytes that an element takes, or nil where it is not a whole number of bytes.
  public var byteWidth: Int? { bitWidth.flatMap { $0 % 8 == 0 ? $0 / 8 : nil } }

  /// Whether this is one of the IEEE-like floating-point types of 16 bits and more.
  public var isFloatingPoint: Bool {
    self == .float || self == .double || self == .float16 || self == .bfloat16
  }

  /// Whether this is a signed or unsigned integer of 8 bits or more.
  public var isInteger: Bool {
    switch self {
    case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: true
    default: false
    }
  }

  /// Bytes that `count` elements take in `raw_data`, or nil on overflow or for strings.
  public func byteCount(of count: Int) -> Int? {
    guard let bits = bitWidth else { return nil }
    let (total, overflow) = count.multipliedReportingOverflow(by: bits)
    return overflow || total > Int.max - 7 ? nil : (total + 7) / 8
  }
}

extension ElementType: CustomStringConvertible {
  /// ONNX's own name in its text syntax, such as `float` or `int64`.
  public var description: String {
    Self.facts[safe: Int(rawValue)]?.name ?? "type\(rawValue)"
  }
}

extension Array {
  /// The element at `index`, or nil when there is none.
  @inlinable package subscript(safe index: Int) -> Element? {
    index >= 0 && index < count ? self[index] : nil
  }
}
