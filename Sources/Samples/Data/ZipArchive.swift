private import CZlib
internal import IR

/// The files in a ZIP archive, stored or deflated, with the extensions for large archives.
///
/// Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
struct ZipArchive {
  /// One file of the archive.
  struct Entry {
    let name: String
    fileprivate let method: UInt16
    fileprivate let checksum: UInt32
    fileprivate let compressed: UInt64
    fileprivate let size: UInt64
    fileprivate let header: UInt64
  }

  private let file: Storage
  /// The files, in the archive's order.
  let entries: [Entry]

  private static let damaged = ModelError(
    .malformed, "expected a ZIP archive, found one that is damaged or cut short")

  /// Whether bytes begin like an archive.
  static func isArchive(_ file: Storage) -> Bool {
    file.withUnsafeBytes { $0.starts(with: [0x50, 0x4B]) && $0.count >= 22 }
  }

  /// Reads the archive's directory.
  init(_ file: Storage) throws(ModelError) {
    self.file = file
    let entries = file.withUnsafeBytes { Self.directory($0) }
    guard let entries else { throw Self.damaged }
    self.entries = entries
  }

  private static func directory(_ bytes: UnsafeRawBufferPointer) -> [Entry]? {
    // The end record is the last thing but a comment of at most 65,535 bytes.
    guard bytes.count >= 22 else { return nil }
    let first = max(0, bytes.count - 22 - 65_535)
    var end = bytes.count - 22
    while bytes.loadLittle(end, as: UInt32.self) != 0x0605_4B50 {
      end -= 1
      if end < first { return nil }
    }
    var count = UInt64(bytes.loadLittle(end + 10, as: UInt16.self))
    var offset = UInt64(bytes.loadLittle(end + 16, as: UInt32.self))
    if end >= 20, bytes.loadLittle(end - 20, as: UInt32.self) == 0x0706_4B50 {
      let large = bytes.loadLittle(end - 20 + 8, as: UInt64.self)
      guard let place = Int(exactly: large), bytes.count >= 56, place <= bytes.count - 56,
        bytes.loadLittle(place, as: UInt32.self) == 0x0606_4B50
      else { return nil }
      count = bytes.loadLittle(place + 32, as: UInt64.self)
      offset = bytes.loadLittle(place + 48, as: UInt64.self)
    }
    // An entry takes 46 bytes at least.
    guard count <= bytes.count / 46, offset <= bytes.count else { return nil }
    var entries: [Entry] = []
    var place = Int(offset)
    for _ in 0..<count {
      guard place <= bytes.count - 46, bytes.loadLittle(place, as: UInt32.self) == 0x0201_4B50
      else { return nil }
      let lengths = [28, 30, 32].map { Int(bytes.loadLittle(place + $0, as: UInt16.self)) }
      let nameEnd = place + 46 + lengths[0]
      let next = nameEnd + lengths[1] + lengths[2]
      guard next <= bytes.count else { return nil }
      entries.append(
        entry(bytes, at: place, nameEnd: nameEnd, extra: nameEnd..<nameEnd + lengths[1]))
      place = next
    }
    return entries
  }

  private static func entry(
    _ bytes: UnsafeRawBufferPointer, at place: Int, nameEnd: Int, extra: Range<Int>
  ) -> Entry {
    var numbers = [24, 20, 42].map { UInt64(bytes.loadLittle(place + $0, as: UInt32.self)) }
    // Numbers that do not fit 32 bits are in the extra field 1, in this order.
    var field = extra.lowerBound
    while field + 4 <= extra.upperBound {
      let end = field + 4 + Int(bytes.loadLittle(field + 2, as: UInt16.self))
      if bytes.loadLittle(field, as: UInt16.self) == 1, end <= extra.upperBound {
        var value = field + 4
        for index in numbers.indices where numbers[index] == 0xFFFF_FFFF && value + 8 <= end {
          numbers[index] = bytes.loadLittle(value, as: UInt64.self)
          value += 8
        }
      }
      field = end
    }
    return Entry(
      name: String(decoding: bytes[place + 46..<nameEnd], as: UTF8.self),
      method: bytes.loadLittle(place + 10, as: UInt16.self),
      checksum: bytes.loadLittle(place + 16, as: UInt32.self), compressed: numbers[1],
      size: numbers[0], header: numbers[2])
  }

  /// The contents of a file. Stored ones stay where they are.
  func contents(of entry: Entry) throws(ModelError) -> Storage {
    let range: Range<Int>? = file.withUnsafeBytes { bytes in
      guard let place = Int(exactly: entry.header), bytes.count >= 30, place <= bytes.count - 30,
        bytes.loadLittle(place, as: UInt32.self) == 0x0403_4B50
      else { return nil }
      let start =
        place + 30 + Int(bytes.loadLittle(place + 26, as: UInt16.self))
        + Int(bytes.loadLittle(place + 28, as: UInt16.self))
      guard start <= bytes.count, entry.compressed <= bytes.count - start else { return nil }
      return start..<start + Int(entry.compressed)
    }
    guard let range else { throw Self.damaged }
    let packed = file.slice(range)
    let contents: Storage
    switch entry.method {
    case 0 where entry.size == entry.compressed: contents = packed
    case 8: contents = try inflate(packed, to: entry.size)
    case 0: throw Self.damaged
    default:
      throw ModelError(
        .unsupported,
        "'\(entry.name)': expected it stored or deflated, found ZIP method \(entry.method)")
    }
    let checksum = contents.withUnsafeBytes { bytes in
      crc32_z(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
    contents.releasePages()
    guard checksum == UInt(entry.checksum) else {
      throw ModelError(.malformed, "'\(entry.name)': expected bytes of its checksum, found others")
    }
    return contents
  }

  private func inflate(_ packed: Storage, to size: UInt64) throws(ModelError) -> Storage {
    // Deflate packs at most 1,032 bytes into one, so that a larger size is a lie.
    guard size / 1033 <= packed.count else { throw Self.damaged }
    var isWhole = false
    let contents = Storage(count: Int(size)) { target in
      isWhole = packed.withUnsafeBytes { Self.inflate($0, into: target) }
    }
    guard isWhole else { throw Self.damaged }
    return contents
  }

  /// Fills `target` with inflated bytes; false unless they are exactly as many.
  private static func inflate(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    // Negative window bits: no header around the data.
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, size) == Z_OK else { return false }
    defer { inflateEnd(&stream) }
    var (read, written) = (0, 0)
    var spare: UInt8 = 0
    while true {
      let input = min(source.count - read, 1 << 30)
      let output = min(target.count - written, 1 << 30)
      stream.next_in = UnsafeMutablePointer(
        mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self) + read)
      stream.avail_in = UInt32(input)
      let status: Int32
      if output > 0 {
        stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self) + written
        stream.avail_out = UInt32(output)
        status = CZlib.inflate(&stream, Z_NO_FLUSH)
        written += output - Int(stream.avail_out)
      } else {
        // The end of the data may come after its last byte; more bytes are an error.
        status = withUnsafeMutablePointer(to: &spare) { spare in
          stream.next_out = spare
          stream.avail_out = 1
          return CZlib.inflate(&stream, Z_NO_FLUSH)
        }
        if stream.avail_out == 0 { return false }
      }
      let consumed = input - Int(stream.avail_in)
      read += consumed
      if status == Z_STREAM_END { return written == target.count }
      if status != Z_OK || consumed == 0 && output == 0 { return false }
    }
  }
}

/// Moves a pointer, if there is one.
private func + (pointer: UnsafePointer<UInt8>?, offset: Int) -> UnsafePointer<UInt8>? {
  pointer.map { $0.advanced(by: offset) }
}

private func + (pointer: UnsafeMutablePointer<UInt8>?, offset: Int) -> UnsafeMutablePointer<UInt8>?
{
  pointer.map { $0.advanced(by: offset) }
}
