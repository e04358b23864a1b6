private import Glibc
internal import IR
private import Synchronization

/// A file that takes its name when it is whole.
///
/// The bytes go to a temporary file in the same folder, which replaces the target in one step, so
/// that there is the old file or the new one, never a part. A file that is not committed is removed.
final class PendingFile {
  /// How many were made, for names of their own.
  private static let count = Atomic<Int>(0)

  /// The file to replace, links followed.
  private let target: String
  private let temporary: String?
  private var descriptor: Int32
  private var isCommitted = false

  /// Opens the temporary file. Devices and pipes are written to directly.
  init(replacing path: String) throws(ModelError) {
    let resolved = realpath(path, nil)
    target = resolved.map { String(cString: $0) } ?? path
    free(resolved)
    var status = stat()
    let exists = stat(target, &status) == 0
    let kind = status.st_mode & S_IFMT
    guard !exists || kind != S_IFDIR else {
      throw ModelError(.file, "expected a file to write to, found a directory")
    }
    if exists && kind != S_IFREG {
      temporary = nil
      descriptor = open(target, O_WRONLY | O_CLOEXEC)
    } else {
      let number = Self.count.add(1, ordering: .relaxed).newValue
      let name = "\(target).\(getpid())-\(number).partial"
      temporary = name
      descriptor = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o666)
    }
    guard descriptor >= 0 else { throw failure("a file to write to") }
    if exists, temporary != nil { fchmod(descriptor, status.st_mode & 0o7777) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if let temporary, !isCommitted { unlink(temporary) }
  }

  /// Writes pieces one after the other, as many at a time as the system takes, and waits for the
  /// disk.
  func write(_ pieces: [Storage]) throws(ModelError) {
    guard Self.write(pieces, to: descriptor) else { throw failure("room to write it") }
    guard temporary == nil || fsync(descriptor) == 0 else { throw failure("room to write it") }
  }

  /// Gives the file its name.
  func commit() throws(ModelError) {
    let result = close(descriptor)
    descriptor = -1
    guard result == 0 else { throw failure("room to write it") }
    guard let temporary else { return }
    guard rename(temporary, target) == 0 else { throw failure("room to write it") }
    isCommitted = true
    let folder = open(FileBytes.folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  private func failure(_ expectation: String) -> ModelError {
    ModelError(.file, "expected \(expectation), found: \(FileBytes.systemMessage())")
  }

  /// Writes pieces to an open file. On failure the reason is in `errno`.
  static func write(_ pieces: [Storage], to descriptor: Int32) -> Bool {
    var index = 0
    var skipped = 0
    while index < pieces.count {
      let batch = pieces[index..<min(index + 512, pieces.count)]
      let written = write(batch, skipping: skipped, to: descriptor)
      guard written >= 0 else {
        if errno == EINTR { continue }
        return false
      }
      skipped += written
      while index < pieces.count, skipped >= pieces[index].count {
        skipped -= pieces[index].count
        index += 1
      }
    }
    return true
  }

  private static func write(
    _ batch: ArraySlice<Storage>, skipping skipped: Int, to descriptor: Int32
  ) -> Int {
    var vectors = batch.map { piece in
      iovec(
        iov_base: UnsafeMutableRawPointer(mutating: piece.bytes.baseAddress), iov_len: piece.count)
    }
    vectors[0].iov_base += skipped
    vectors[0].iov_len -= skipped
    return withExtendedLifetime(batch) { writev(descriptor, vectors, Int32(vectors.count)) }
  }
}
