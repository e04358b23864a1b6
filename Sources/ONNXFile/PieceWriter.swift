internal import COnnx
private import Glibc
internal import IR

/// Writes storage to an open file, large pieces of mapped files without a detour through this
/// process's memory.
struct PieceWriter {
  private let descriptor: Int32
  /// Bytes written so far.
  private var position = 0
  private var buffer: UnsafeMutableRawBufferPointer?

  /// Pieces from this size on are written by themselves.
  private static let largeThreshold = 1 << 18
  /// Small enough to stay in the processor's cache between reading and writing.
  private static let bufferSize = 1 << 20
  private static let pageSize = 4096

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Writes pieces one after the other. On failure the reason is in `errno`.
  static func write(_ pieces: [Storage], to descriptor: Int32) -> Bool {
    var writer = Self(descriptor)
    defer { writer.buffer?.deallocate() }
    return writer.write(pieces)
  }

  private mutating func write(_ pieces: [Storage]) -> Bool {
    var small: [Storage] = []
    for piece in pieces {
      if piece.count < Self.largeThreshold, !piece.isComputed {
        small.append(piece)
        if small.count < 512 { continue }
      }
      guard gather(small) else { return false }
      small = []
      if piece.count >= Self.largeThreshold || piece.isComputed {
        guard large(piece) else { return false }
      }
    }
    return gather(small)
  }

  /// Writes pieces that are in memory, as many at a time as the system takes.
  private mutating func gather(_ pieces: [Storage]) -> Bool {
    withExtendedLifetime(pieces) {
      var vectors = pieces.map { piece in
        iovec(
          iov_base: UnsafeMutableRawPointer(mutating: piece.bytes.baseAddress),
          iov_len: piece.count)
      }[...]
      while let first = vectors.first {
        if first.iov_len == 0 {
          vectors.removeFirst()
          continue
        }
        var written = vectors.withUnsafeBufferPointer { all in
          writev(descriptor, all.baseAddress, Int32(all.count))
        }
        guard written >= 0 else {
          if errno == EINTR { continue }
          return false
        }
        position += written
        while let first = vectors.first, written > 0 {
          let part = min(written, first.iov_len)
          written -= part
          vectors[vectors.startIndex].iov_base += part
          vectors[vectors.startIndex].iov_len -= part
          if vectors[vectors.startIndex].iov_len == 0 { vectors.removeFirst() }
        }
      }
      return true
    }
  }

  private mutating func large(_ piece: Storage) -> Bool {
    guard !piece.isComputed, let mapping = piece.owner as? Mapping, let file = mapping.descriptor,
      let offset = mapping.offset(of: piece.bytes)
    else { return piece.withUnsafeBytes { memory($0) } }
    return withExtendedLifetime(piece) { copy(from: file, offset, piece.count) }
  }

  /// Writes bytes of this process.
  private mutating func memory(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < bytes.count, let start = bytes.baseAddress {
      let written = Glibc.write(descriptor, start + done, min(bytes.count - done, 1 << 30))
      guard written >= 0 else {
        if errno == EINTR { continue }
        return false
      }
      done += written
    }
    position += done
    return true
  }

  /// Copies a range of another file.
  ///
  /// The system copies whole pages fastest where they begin at the same place in a page on both
  /// sides; elsewhere a buffer is faster, and faster than writing from a mapping, whose pages have
  /// to be entered one by one.
  private mutating func copy(from file: Int32, _ start: Int, _ count: Int) -> Bool {
    var done = 0
    if (start - position) % Self.pageSize == 0 {
      while done < count {
        let copied = lapidary_copy_range(file, start + done, descriptor, count - done)
        if copied < 0, errno == EINTR { continue }
        // What the system does not take in this way, it may take in the other.
        guard copied > 0 else { break }
        done += copied
      }
    }
    let buffer = self.buffer ?? .allocate(byteCount: Self.bufferSize, alignment: Self.pageSize)
    self.buffer = buffer
    position += done
    while done < count, let address = buffer.baseAddress {
      let found = pread(file, address, min(count - done, buffer.count), start + done)
      if found < 0, errno == EINTR { continue }
      guard found > 0 else {
        // The file has been cut short since it was mapped.
        if found == 0 { errno = EIO }
        return false
      }
      guard memory(UnsafeRawBufferPointer(start: address, count: found)) else { return false }
      done += found
    }
    return true
  }
}
