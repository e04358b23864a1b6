internal import Glibc
internal import IR
private import Synchronization

/// A file in the address space. Its pages are read when somebody reads the bytes there, and are the
/// system's to drop again.
final class Mapping: PageOwner {
  /// Which file it is, whatever its name.
  struct Identity: Hashable {
    let device: UInt64
    let number: UInt64

    init(_ status: stat) {
      device = UInt64(truncatingIfNeeded: status.st_dev)
      number = UInt64(truncatingIfNeeded: status.st_ino)
    }
  }

  /// The contents.
  let bytes: UnsafeRawBufferPointer
  /// The open file, for copies that need not pass through this process; nil when too many are open.
  let descriptor: Int32?

  private struct Registry {
    var identities: Set<Identity> = []
    var open = 0
  }

  private static let registry = Mutex(Registry())
  /// Models whose every tensor has a file of its own must not use up the process's descriptors.
  private static let descriptorLimit = 256

  /// Maps an open file, which the caller closes. On failure the reason is in `errno`.
  init?(_ file: Int32, _ status: stat) {
    let count = Int(status.st_size)
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, file, 0), address != MAP_FAILED
    else { return nil }
    bytes = UnsafeRawBufferPointer(start: address, count: count)
    let mayStayOpen = Self.registry.withLock { registry in
      registry.identities.insert(Identity(status))
      guard registry.open < Self.descriptorLimit else { return false }
      registry.open += 1
      return true
    }
    let copy = mayStayOpen ? fcntl(file, F_DUPFD_CLOEXEC, 0) : -1
    if mayStayOpen, copy < 0 { Self.registry.withLock { $0.open -= 1 } }
    descriptor = copy < 0 ? nil : copy
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    if let descriptor {
      close(descriptor)
      Self.registry.withLock { $0.open -= 1 }
    }
  }

  /// Whether this process has mapped a file, now or before.
  static func hasSeen(_ identity: Identity) -> Bool {
    registry.withLock { $0.identities.contains(identity) }
  }

  /// Where bytes of the mapping lie in the file.
  func offset(of part: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress, let place = part.baseAddress else { return nil }
    let offset = place - start
    return offset >= 0 && offset <= bytes.count - part.count ? offset : nil
  }

  func releasePages(_ part: UnsafeRawBufferPointer) {
    guard let offset = offset(of: part), let start = bytes.baseAddress else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = (offset + page - 1) / page * page
    let end = offset + part.count
    let last = end == bytes.count ? end : end / page * page
    guard last > first else { return }
    madvise(UnsafeMutableRawPointer(mutating: start + first), last - first, MADV_DONTNEED)
  }
}
