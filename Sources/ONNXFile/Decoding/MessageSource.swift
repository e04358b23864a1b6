internal import IR

/// The bytes that a model is decoded from. Payloads refer to them and keep them alive.
final class MessageSource {
  private let file: Storage
  /// Messages that the file holds in parts.
  private var joined: [Storage] = []

  init(_ file: Storage) { self.file = file }

  /// Bytes of the source as storage, without a copy.
  func storage(_ bytes: UnsafeRawBufferPointer) -> Storage {
    let home = joined.first { $0.bytes.encloses(bytes) } ?? file
    return Storage(bytes, keptAliveBy: home.owner ?? home)
  }

  /// The message of a field that occurs once by its nature. Protobuf merges several occurrences
  /// into one message, which is what their bytes one after the other say. Nil when there is none.
  func merged(_ parts: [UnsafeRawBufferPointer]) -> UnsafeRawBufferPointer? {
    guard parts.count > 1 else { return parts.first }
    let whole = concatenated(parts)
    joined.append(whole)
    return whole.bytes
  }

  /// A copy of bytes that lie apart.
  func concatenated(_ parts: [UnsafeRawBufferPointer]) -> Storage {
    Storage(count: parts.reduce(0) { $0 + $1.count }) { target in
      var rest = target
      for part in parts {
        rest.copyMemory(from: part)
        rest = UnsafeMutableRawBufferPointer(rebasing: rest[part.count...])
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func encloses(_ other: UnsafeRawBufferPointer) -> Bool {
    guard let start = baseAddress, let place = other.baseAddress else { return false }
    return place >= start && place <= start + count
  }
}
