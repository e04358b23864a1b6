private import Dispatch
private import Glibc
internal import IR
private import Synchronization

/// Writes storage to an open file in blocks that one thread puts together while another writes them:
/// bytes of mapped files are read, not entered page by page, and computed bytes are only ever there
/// in parts.
final class BlockPipe: @unchecked Sendable {
  /// Small enough to stay in the processor's cache between reading and writing.
  private static let blockSize = 1 << 20
  private static let blockCount = 4

  /// Read by the thread that owns a block: the filling one between `free` and `full`, the writing
  /// one between `full` and `free`.
  private let blocks: [UnsafeMutableRawBufferPointer]
  /// How much of each block is filled; 0 behind the last one.
  private let lengths: UnsafeMutableBufferPointer<Int>
  private let free = DispatchSemaphore(value: 0)
  private let full = DispatchSemaphore(value: 0)
  private let done = DispatchSemaphore(value: 0)
  private let isCancelled = Atomic<Bool>(false)
  /// Why reading failed.
  private let failure = Atomic<Int32>(0)

  private init() {
    blocks = (0..<Self.blockCount).map { _ in
      .allocate(byteCount: Self.blockSize, alignment: 4096)
    }
    lengths = .allocate(capacity: Self.blockCount)
    lengths.initialize(repeating: 0)
    for _ in 0..<Self.blockCount { free.signal() }
  }

  deinit {
    for block in blocks { block.deallocate() }
    lengths.deallocate()
  }

  /// Writes pieces one after the other. On failure the reason is in `errno`.
  ///
  /// - Parameter position: where in the file writing begins, so that blocks lie on whole pages.
  static func write(_ pieces: [Storage], to descriptor: Int32, at position: Int) -> Bool {
    let pipe = BlockPipe()
    DispatchQueue.global(qos: .userInitiated).async {
      pipe.fill(pieces, first: blockSize - position % blockSize)
      pipe.done.signal()
    }
    let error = pipe.drain(to: descriptor)
    pipe.done.wait()
    errno = error
    return error == 0
  }

  /// Writes blocks as they are filled; returns the reason of a failure, or 0.
  private func drain(to descriptor: Int32) -> Int32 {
    var block = 0
    while true {
      full.wait()
      let length = lengths[block]
      guard length > 0 else { return failure.load(ordering: .acquiring) }
      var written = 0
      while written < length, let start = blocks[block].baseAddress {
        let count = Glibc.write(descriptor, start + written, length - written)
        guard count >= 0 else {
          let reason = errno
          if reason == EINTR { continue }
          isCancelled.store(true, ordering: .releasing)
          free.signal()
          return reason
        }
        written += count
      }
      free.signal()
      block = (block + 1) % Self.blockCount
    }
  }

  private func fill(_ pieces: [Storage], first: Int) {
    var block = 0
    var limit = first
    var filled = 0
    var owns = false
    func finish() {
      lengths[block] = filled
      full.signal()
      block = (block + 1) % Self.blockCount
      (filled, owns, limit) = (0, false, Self.blockSize)
    }
    for piece in pieces {
      let reader = PieceReader(piece)
      var offset = 0
      while offset < piece.count {
        if !owns {
          free.wait()
          guard !isCancelled.load(ordering: .acquiring) else { return }
          owns = true
        }
        let count = min(piece.count - offset, limit - filled)
        let target = UnsafeMutableRawBufferPointer(
          rebasing: blocks[block][filled..<filled + count])
        let reason = reader.read(into: target, from: offset)
        guard reason == 0 else {
          failure.store(reason, ordering: .releasing)
          filled = 0
          return finish()
        }
        offset += count
        filled += count
        if filled == limit { finish() }
      }
    }
    if filled > 0 { finish() }
    if !owns { free.wait() }
    finish()
  }
}

/// Reads parts of storage into memory.
private struct PieceReader {
  private let piece: Storage
  private let file: (file: Int32, offset: Int)?

  init(_ piece: Storage) {
    // What can only be computed as a whole is computed once.
    self.piece = piece.isComputed && !piece.isStreamed ? piece.aligned(to: 1) : piece
    file = self.piece.count < 1 << 16 ? nil : self.piece.mappedRange
  }

  /// Fills `target` with the bytes from an offset on; returns the reason of a failure, or 0.
  func read(into target: UnsafeMutableRawBufferPointer, from offset: Int) -> Int32 {
    guard let file else {
      piece.copy(to: target, from: offset)
      return 0
    }
    var done = 0
    while done < target.count, let start = target.baseAddress {
      let found = pread(file.file, start + done, target.count - done, file.offset + offset + done)
      if found < 0, errno == EINTR { continue }
      // The file may have been cut short since it was mapped.
      guard found > 0 else { return found == 0 ? EIO : errno }
      done += found
    }
    return 0
  }
}
