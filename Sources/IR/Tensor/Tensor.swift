/// A constant tensor: a weight, an attribute's value, a calibration sample.
///
/// Elements lie row-major and little-endian in `payload`, whatever field of `TensorProto` they came
/// from; `encoding` remembers that field so that an unchanged tensor is written as it was read.
public struct Tensor: Sendable {
  /// Where the elements are.
  public enum Payload: Sendable {
    /// Packed little-endian elements, as in `raw_data`.
    case bytes(Storage)
    /// The elements of a string tensor.
    case strings([[UInt8]])
  }

  /// The field of `TensorProto` that holds the elements in a file.
  public enum Encoding: Hashable, Sendable {
    /// `raw_data`.
    case raw
    /// `float_data`, `int32_data`, `int64_data`, `double_data`, `uint64_data` or `string_data`.
    case typed
    /// Another file, with the entries of `external_data` (location, offset, length, checksum).
    case external([MetadataEntry])
  }

  /// The element type.
  public var elementType: ElementType
  /// The length of each axis; empty for a scalar.
  public var dimensions: [Int]
  /// The elements.
  public var payload: Payload
  /// How the elements are stored in a file.
  public var encoding: Encoding
  /// `TensorProto.name`; for initializers the value's name is written instead.
  public var name: String?
  /// `TensorProto.doc_string`.
  public var docString: String?
  /// `TensorProto.metadata_props`.
  public var metadata: [MetadataEntry]
  /// Fields kept as encoded.
  public var extras: [RawField]
  /// Whether the elements are not there, because the file that should hold them was not found; zeros
  /// stand for them. Only where a reader asked for such tensors.
  public var isAbsent = false

  /// Makes a tensor over existing bytes; `storage` must hold exactly the elements.
  public init(
    _ elementType: ElementType, _ dimensions: [Int], _ storage: Storage, encoding: Encoding = .raw
  ) {
    self.elementType = elementType
    self.dimensions = dimensions
    self.payload = .bytes(storage)
    self.encoding = encoding
    self.metadata = []
    self.extras = []
  }

  /// Makes a string tensor.
  public init(strings: [[UInt8]], _ dimensions: [Int]) {
    self.elementType = .string
    self.dimensions = dimensions
    self.payload = .strings(strings)
    self.encoding = .typed
    self.metadata = []
    self.extras = []
  }

  /// Makes a float tensor.
  public init(floats: [Float], _ dimensions: [Int]) {
    self.init(.float, dimensions, Storage(floats))
  }

  /// Makes an int64 tensor.
  public init(int64 values: [Int], _ dimensions: [Int]) {
    self.init(.int64, dimensions, Storage(values.map { Int64($0) }))
  }

  /// The number of elements.
  public var count: Int {
    dimensions.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
  }

  /// The number of elements of a shape; nil where a length is negative or where those that are not
  /// zero multiply to 2^56 or more. No memory holds so many, and below it the bytes of any of the
  /// axes can be counted, in empty tensors too.
  package static func count(_ dimensions: [Int]) -> Int? {
    var product = 1
    for length in dimensions where length != 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      guard length > 0, !overflow, next < 1 << 56 else { return nil }
      product = next
    }
    return dimensions.contains(0) ? 0 : product
  }

  /// The number of bytes the elements take, 0 for strings.
  public var byteCount: Int { if case .bytes(let storage) = payload { storage.count } else { 0 } }

  /// The element type and shape.
  public var type: TensorType { TensorType(elementType, dimensions) }

  /// The bytes, or nil for strings.
  public var storage: Storage? { if case .bytes(let storage) = payload { storage } else { nil } }
}

extension Tensor {
  /// The elements as `T`, or nil when the element type has another layout.
  private func load<T: BitwiseCopyable>(_ type: T.Type) -> [T]? {
    guard let storage, storage.count == count * MemoryLayout<T>.stride else { return nil }
    defer { storage.releasePages() }
    return storage.withUnsafeBytes { bytes in
      [T](unsafeUninitializedCapacity: count) { target, initialized in
        if bytes.count > 0 { UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes) }
        initialized = count
      }
    }
  }

  /// The elements as `Float`, converted from any floating-point type; nil for other types.
  public var floats: [Float]? {
    switch elementType {
    case .float: load(Float.self)
    case .double: load(Double.self)?.map { Float($0) }
    case .float16: load(UInt16.self)?.map { Float(Float16(bitPattern: $0)) }
    case .bfloat16: load(UInt16.self)?.map { Float(bitPattern: UInt32($0) << 16) }
    default: nil
    }
  }

  /// The elements as `Int`, from any integer type of 8 bits or more or bool; nil for other types
  /// and where a value of `uint64` does not fit.
  public var integers: [Int]? {
    switch elementType {
    case .int64: load(Int64.self)?.map { Int($0) }
    case .int32: load(Int32.self)?.map { Int($0) }
    case .int16: load(Int16.self)?.map { Int($0) }
    case .int8: load(Int8.self)?.map { Int($0) }
    case .uint8, .bool: load(UInt8.self)?.map { Int($0) }
    case .uint16: load(UInt16.self)?.map { Int($0) }
    case .uint32: load(UInt32.self)?.map { Int($0) }
    case .uint64:
      load(UInt64.self).flatMap { v in v.contains { $0 > Int.max } ? nil : v.map { Int($0) } }
    default: nil
    }
  }

  /// The elements as `Double`, from any number type; nil for other types.
  public var doubles: [Double]? {
    if elementType == .double { return load(Double.self) }
    if elementType == .uint64 { return load(UInt64.self)?.map { Double($0) } }
    return floats?.map { Double($0) } ?? integers?.map { Double($0) }
  }
}

extension Tensor: Equatable {
  /// Whether element type, dimensions and elements are the same, bit for bit. The name, the
  /// documentation and the encoding in a file do not count.
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.elementType == b.elementType, a.dimensions == b.dimensions else { return false }
    guard !a.isAbsent, !b.isAbsent else {
      return a.isAbsent == b.isAbsent && a.encoding == b.encoding
    }
    switch (a.payload, b.payload) {
    case (.strings(let x), .strings(let y)): return x == y
    case (.bytes(let x), .bytes(let y)):
      return x == y
    default: return false
    }
  }
}
