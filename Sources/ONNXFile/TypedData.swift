internal import IR

/// The fields of `TensorProto` that hold elements as numbers, and their layout.
///
/// `float_data`, `double_data`, `int64_data`, `uint64_data` and, for `int32`, `int32_data` hold the
/// elements as they lie in memory. Narrow types are widened: those of up to 32 bits to
/// `int32_data`, `uint32` to `uint64_data`. Types of less than a byte are packed into bytes first.
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

  /// Bytes that one entry of the field takes in memory.
  var entryWidth: Int {
    switch self {
    case .float, .int32: 4
    case .double, .int64, .uint64: 8
    case .string: 0
    }
  }

  /// Bytes that stand for one entry in `raw_data`.
  func packedWidth(_ type: ElementType) -> Int {
    switch self {
    case .int32: type.byteWidth ?? 1
    case .uint64: type == .uint32 ? 4 : 8
    default: entryWidth
    }
  }
}

/// Conversion between the entries of typed fields and packed elements.
enum TypedData {
  /// Packs entries of `int32_data` into elements of 1 or 2 bytes.
  ///
  /// - Returns: the packed elements and whether `widen` gives back the same entries; nil with the
  ///   first entry that does not fit.
  static func narrow(
    _ entries: UnsafeBufferPointer<Int32>, _ type: ElementType
  ) -> (storage: Storage, isReversible: Bool)? {
    type.byteWidth == 2
      ? narrow(entries, isSigned: type == .int16, as: UInt16.self)
      : narrow(entries, isSigned: type == .int8, as: UInt8.self)
  }

  private static func narrow<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ entries: UnsafeBufferPointer<Int32>, isSigned: Bool, as: T.Type
  ) -> (storage: Storage, isReversible: Bool)? {
    let most = Int32(T.max)
    let middle = most / 2
    var fits = true
    var isReversible = true
    let storage = Storage(count: entries.count * MemoryLayout<T>.size) { target in
      for (index, entry) in entries.enumerated() {
        fits = fits && entry >= -middle - 1 && entry <= most
        isReversible = isReversible && (isSigned ? entry <= middle : entry >= 0)
        target.storeBytes(
          of: T(truncatingIfNeeded: entry), toByteOffset: index * MemoryLayout<T>.size, as: T.self)
      }
    }
    return fits ? (storage, isReversible) : nil
  }

  /// Packs entries of `uint64_data` into elements of 4 bytes; nil when one does not fit.
  static func narrow(_ entries: UnsafeBufferPointer<UInt64>) -> Storage? {
    guard entries.allSatisfy({ $0 <= UInt32.max }) else { return nil }
    return Storage(entries.map { UInt32(truncatingIfNeeded: $0) })
  }

  /// The varints of packed elements, as a typed field holds them.
  static func varints(_ storage: Storage, _ type: ElementType) -> [UInt8] {
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
