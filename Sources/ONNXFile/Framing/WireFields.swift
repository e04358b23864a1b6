/// One field of an encoded message, where it lies.
struct WireField {
  /// The field's number.
  let number: Int
  /// Protobuf's wire type: 0 for varints, 1 and 5 for eight and four bytes, 2 for bytes.
  let wireType: UInt8
  /// The number of a field that holds one: of a varint or the bits of a fixed-width one.
  let value: UInt64
  /// The bytes behind the tag, and behind the length where there is one.
  let payload: UnsafeRawBufferPointer
  /// The whole field, tag included.
  let encoded: UnsafeRawBufferPointer

  /// Whether elements may be packed into the field.
  var isBytes: Bool { wireType == 2 }

  /// The number as protobuf's `int64`.
  var int: Int { Int(truncatingIfNeeded: value) }

  /// The number as protobuf's `int32`, or an enumeration.
  var int32: Int32 { Int32(truncatingIfNeeded: value) }

  /// The number as protobuf's `float`.
  var float: Float { Float(bitPattern: UInt32(truncatingIfNeeded: value)) }
}

/// The fields of an encoded message, in the order in which they lie there.
///
/// The bytes have passed `Framing.check`; bytes that have not end the sequence early, but never lead
/// outside.
struct WireFields: Sequence, IteratorProtocol {
  private var cursor: WireCursor

  init(_ message: UnsafeRawBufferPointer) { cursor = WireCursor(message) }

  mutating func next() -> WireField? {
    let start = cursor.position
    guard let tag = cursor.varint() else { return nil }
    var first = cursor.position
    let value: UInt64?
    switch tag & 7 {
    case 0: value = cursor.varint()
    case 1: value = cursor.fixed(UInt64.self)
    case 5: value = cursor.fixed(UInt32.self).map { UInt64($0) }
    case 2:
      guard let length = cursor.varint() else { return nil }
      first = cursor.position
      value = cursor.skip(length) ? 0 : nil
    default: value = nil
    }
    guard let value else { return nil }
    return WireField(
      number: Int(tag >> 3), wireType: UInt8(tag & 7), value: value,
      payload: cursor.bytes(from: first), encoded: cursor.bytes(from: start))
  }
}

/// A place in bytes, to read numbers from.
struct WireCursor {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next varint: seven bits a byte, the lowest first; nil at the end and where none is whole.
  mutating func varint() -> UInt64? {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 70 {
      let byte = bytes[position]
      position += 1
      result |= UInt64(byte & 0x7F) << (shift & 63)
      if byte < 0x80 { return result }
      shift += 7
    }
    return nil
  }

  /// The next number of a fixed width, or nil where it is cut short.
  mutating func fixed<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T? {
    guard bytes.count - position >= MemoryLayout<T>.size else { return nil }
    defer { position += MemoryLayout<T>.size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
  }

  /// Passes over bytes; false where fewer are left.
  mutating func skip(_ count: UInt64) -> Bool {
    guard count <= UInt64(bytes.count - position) else { return false }
    position += Int(count)
    return true
  }

  /// What lies between an earlier position and this one.
  func bytes(from start: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }
}
