internal import COnnx
private import Glibc
internal import IR

/// Writes storage to an open file, large pieces of mapped files without a detour through this
/// process's memory where the system can do that.
struct PieceWriter {
  private let descriptor: Int32
  /// Bytes written so far.
  private var position = 0

  /// Pieces from this size on are written by themselves, if the system can copy them.
  private static let largeThreshold = 1 << 18
  /// So many bytes are worth a second thread.
  private static let pipedThreshold = 1 << 22
  private static let pageSize = 4096

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Writes pieces one after the other. On failure the reason is in `errno`.
  static func write(_ pieces: [Storage], to descriptor: Int32) -> Bool {
    var writer = Self(descriptor)
    return writer.write(pieces)
  }

  private mutating func write(_ pieces: [Storage]) -> Bool {
    var waiting: [Storage] = []
    var bytes = 0
    for piece in pieces {
      // The system copies whole pages fastest, where they begin at the same place in a page on both
      // sides. What it does not take in this way, it may take in the other.
      if piece.count >= Self.largeThreshold, let (file, offset) = piece.mappedRange,
        (offset - position - bytes) % Self.pageSize == 0
      {
        guard flush(&waiting, &bytes) else { return false }
        let copied = copyRange(from: file, offset, piece.count)
        position += copied
        if copied < piece.count {
          waiting.append(piece.slice(copied..<piece.count))
          bytes = piece.count - copied
        }
      } else {
        waiting.append(piece)
        bytes += piece.count
      }
    }
    return flush(&waiting, &bytes)
  }

  private mutating func flush(_ pieces: inout [Storage], _ bytes: inout Int) -> Bool {
    defer { (pieces, bytes) = ([], 0) }
    if bytes < Self.pipedThreshold, !pieces.contains(where: \.isComputed) { return gather(pieces) }
    guard BlockPipe.write(pieces, to: descriptor, at: position) else { return false }
    position += bytes
    return true
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
          writev(descriptor, all.baseAddress, Int32(min(all.count, 512)))
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

  /// Copies a range of another file as far as the system takes it.
  private func copyRange(from file: Int32, _ start: Int, _ count: Int) -> Int {
    var done = 0
    while done < count {
      let copied = lapidary_copy_range(file, start + done, descriptor, count - done)
      if copied < 0, errno == EINTR { continue }
      guard copied > 0 else { break }
      done += copied
    }
    return done
  }
}

extension Storage {
  /// Where the bytes lie in an open file; nil for those that are in no file.
  var mappedRange: (file: Int32, offset: Int)? {
    guard !isComputed, let mapping = owner as? Mapping, let file = mapping.descriptor,
      let offset = mapping.offset(of: bytes)
    else { return nil }
    return (file, offset)
  }
}
