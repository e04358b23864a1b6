private import Glibc
internal import IR
private import Synchronization

/// A file that takes its name when it is whole.
///
/// The bytes go to a temporary file in the same folder, which replaces the target in one step, so
/// that there is the old file or the new one, never a part. A file that is not committed is removed.
/// Where the system can, the temporary file has no name at all until then, so that not even a
/// killed process leaves one behind.
final class PendingFile {
  /// How many were made, for names of their own.
  private static let count = Atomic<Int>(0)
  /// `O_TMPFILE`, which C defines by an expression that Swift does not import.
  private static let nameless = 0o20_000_000 | O_DIRECTORY
  /// Up to this size waiting for the disk takes no time that anybody notices.
  private static let quickSize = 16 << 20

  private enum Kind {
    /// The target itself: a device or pipe.
    case direct
    /// A file without a name.
    case nameless
    /// A file under the temporary name.
    case named
  }

  /// The file to replace, links followed.
  private let target: String
  /// The file that is there now.
  private let replaced: Mapping.Identity?
  /// A name in the target's folder that nobody else has.
  private let temporary: String
  private var kind: Kind
  private var descriptor: Int32
  private var isOnDisk = false
  private var isCommitted = false

  /// Temporary names that are on the disk now.
  private static let names = Mutex<Set<String>>([])

  /// Removes the files that have a temporary name, since the process ends.
  static func abandonAll() {
    names.withLock { names in
      for name in names { unlink(name) }
    }
  }

  /// Opens the temporary file. Devices and pipes are written to directly.
  init(replacing path: String) throws(ModelError) {
    let resolved = realpath(path, nil)
    target = resolved.map { String(cString: $0) } ?? path
    free(resolved)
    var status = stat()
    let exists = stat(target, &status) == 0
    let format = status.st_mode & S_IFMT
    guard !exists || format != S_IFDIR else {
      throw ModelError(.file, "expected a file to write to, found a directory")
    }
    replaced = exists && format == S_IFREG ? Mapping.Identity(status) : nil
    let number = Self.count.add(1, ordering: .relaxed).newValue
    temporary = "\(target).\(getpid())-\(number).partial"
    if exists && format != S_IFREG {
      kind = .direct
      descriptor = open(target, O_WRONLY | O_CLOEXEC)
    } else {
      kind = .nameless
      // Naming it later goes through /proc.
      descriptor =
        access("/proc/self/fd", X_OK) == 0
        ? open(FileBytes.folder(of: target), O_WRONLY | O_CLOEXEC | Self.nameless, 0o666) : -1
      if descriptor < 0 {
        kind = .named
        Self.names.withLock { _ = $0.insert(temporary) }
        descriptor = open(
          temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o666)
      }
    }
    guard descriptor >= 0 else { throw failure("a file to write to") }
    if replaced != nil { fchmod(descriptor, status.st_mode & 0o7777) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    guard kind == .named else { return }
    if !isCommitted { unlink(temporary) }
    Self.names.withLock { _ = $0.remove(temporary) }
  }

  /// Writes pieces one after the other.
  ///
  /// Waits for the disk where the file is small, and where it replaces one that this process has
  /// read: what is on the disk may then be all there is of a model. For a large new file waiting
  /// takes ten times as long as writing; as with `cp`, the system writes it out in its own time.
  func write(_ pieces: [Storage]) throws(ModelError) {
    guard PieceWriter.write(pieces, to: descriptor) else { throw failure("room to write it") }
    let size = pieces.reduce(0) { $0 + $1.count }
    let mustWait = size <= Self.quickSize || replaced.map(Mapping.hasSeen) ?? false
    guard mustWait, kind != .direct else { return }
    guard fsync(descriptor) == 0 else { throw failure("room to write it") }
    isOnDisk = true
  }

  /// Gives the file its name.
  func commit() throws(ModelError) {
    if kind == .nameless {
      let link = "/proc/self/fd/\(descriptor)"
      // A new file gets its name at once; to replace one takes two steps.
      if replaced == nil, linkat(AT_FDCWD, link, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0 {
        isCommitted = true
      } else {
        unlink(temporary)
        Self.names.withLock { _ = $0.insert(temporary) }
        guard linkat(AT_FDCWD, link, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0 else {
          throw failure("room to write it")
        }
        kind = .named
      }
    }
    let result = close(descriptor)
    descriptor = -1
    guard result == 0 else { throw failure("room to write it") }
    if kind == .named {
      guard rename(temporary, target) == 0 else { throw failure("room to write it") }
      isCommitted = true
      Self.names.withLock { _ = $0.remove(temporary) }
    }
    guard isOnDisk else { return }
    let folder = open(FileBytes.folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  private func failure(_ expectation: String) -> ModelError {
    ModelError(.file, "expected \(expectation), found: \(FileBytes.systemMessage())")
  }
}
