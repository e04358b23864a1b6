internal import IR

/// The fields of `TensorProto` that hold elements as numbers, and their layout.
///
/// `float_data`, `double_data`, `int64_data`, `uint64_data` and, for `int32`, `int32_data` hold the
/// elements as they lie in memory. Narrow types are widened: those of up to 32 bits to
/// `int32_data`, `uint32` to `uint64_data`. Types of less than a byte are packed into bytes first,
/// but for those of six bits, of which each is an entry.
enum TypedField: Int {
  case float = 4
  case int32 = 5
  case string = 6
  case int64 = 7
  case double = 10
  case uint64 = 11

  /// The field for elements of a type, nil for types not known here.
  init?(_ type: ElementType) {
    switch type {
    case .float, .complex64: self = .float
    case .double, .complex128: self = .double
    case .int64: self = .int64
    case .uint32, .uint64: self = .uint64
    case .string: self = .string
    default:
      guard type.bitWidth != nil else { return nil }
      self = .int32
    }
  }

  /// The field's name.
  var name: String {
    switch self {
    case .float: "float_data"
    case .int32: "int32_data"
    case .string: "string_data"
    case .int64: "int64_data"
    case .double: "double_data"
    case .uint64: "uint64_data"
    }
  }

  /// Whether entries are varints.
  var isVarint: Bool { self == .int32 || self == .int64 || self == .uint64 }

  /// Bytes that one entry of the field takes in memory.
  var entryWidth: Int {
    switch self {
    case .float, .int32: 4
    case .double, .int64, .uint64: 8
    case .string: 0
    }
  }

  /// The entries that stand for `count` elements, of which `size` bytes are in `raw_data`.
  func entries(_ type: ElementType, count: Int, size: Int) -> Int {
    switch self {
    case .int32: type.bitWidth == 6 ? count : size / (type.byteWidth ?? 1)
    case .uint64: size / (type == .uint32 ? 4 : 8)
    default: size / entryWidth
    }
  }
}

/// Conversion between the varints of typed fields and packed elements.
enum TypedData {
  /// The number of varints, all of which are whole.
  static func count(_ varints: Storage) -> Int {
    varints.withUnsafeBytes { bytes in bytes.reduce(0) { $0 + ($1 < 0x80 ? 1 : 0) } }
  }

  /// The elements that varints stand for, decoded when somebody reads them; nil when one is out of
  /// the element type's range.
  static func elements(_ varints: Storage, _ type: ElementType) -> Storage? {
    guard fits(varints, type) else { return nil }
    if type.bitWidth == 6 { return SixBits.elements(varints) }
    let width = type.byteWidth ?? 1
    return .deferred(count: count(varints) * width, encoded: varints) { target in
      varints.withUnsafeBytes { bytes in
        switch width {
        case 1: decode(bytes, into: target, as: UInt8.self)
        case 2: decode(bytes, into: target, as: UInt16.self)
        case 4: decode(bytes, into: target, as: UInt32.self)
        default: decode(bytes, into: target, as: UInt64.self)
        }
      }
    }
  }

  private static func decode<T: FixedWidthInteger & BitwiseCopyable>(
    _ varints: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, as: T.Type
  ) {
    var cursor = WireCursor(varints)
    for offset in stride(from: 0, to: target.count, by: MemoryLayout<T>.size) {
      guard let value = cursor.varint() else { return }
      target.storeBytes(of: T(truncatingIfNeeded: value), toByteOffset: offset, as: T.self)
    }
  }

  /// Whether varints are values of an element type. Narrow types may be written in either
  /// signedness.
  private static func fits(_ varints: Storage, _ type: ElementType) -> Bool {
    let range: ClosedRange<Int64>
    switch type {
    case .int32, .int64, .uint64: return true
    case .uint32: range = 0...Int64(UInt32.max)
    case _ where type.bitWidth == 6: range = 0...0x3F
    default: range = type.byteWidth == 2 ? -0x8000...0xFFFF : -0x80...0xFF
    }
    return varints.withUnsafeBytes { bytes in
      var cursor = WireCursor(bytes)
      while let value = cursor.varint() {
        // `int32_data` holds 32 bits of each varint, `uint64_data` all of them.
        let number =
          type == .uint32
          ? Int64(bitPattern: value) : Int64(Int32(truncatingIfNeeded: value))
        guard range.contains(number) else { return false }
      }
      return true
    }
  }

  /// The varints of packed elements, as a typed field holds them.
  ///
  /// - Parameter count: the number of elements.
  static func varints(_ storage: Storage, _ type: ElementType, count: Int) -> [UInt8] {
    if type.bitWidth == 6 { return SixBits.codes(storage, count: count) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(storage.count)
    storage.withUnsafeBytes { source in
      func append<T: FixedWidthInteger & BitwiseCopyable>(_ kind: T.Type) {
        for offset in stride(
          from: 0, to: source.count - MemoryLayout<T>.size + 1, by: MemoryLayout<T>.size)
        {
          let element = source.loadUnaligned(fromByteOffset: offset, as: T.self)
          bytes.appendVarint(UInt64(truncatingIfNeeded: element))
        }
      }
      switch type {
      case .int8: append(Int8.self)
      case .int16: append(Int16.self)
      case .int32: append(Int32.self)
      case .int64: append(Int64.self)
      case .uint32: append(UInt32.self)
      case .uint64: append(UInt64.self)
      default: type.byteWidth == 2 ? append(UInt16.self) : append(UInt8.self)
      }
    }
    return bytes
  }
}
