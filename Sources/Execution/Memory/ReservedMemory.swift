#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

#if canImport(Glibc)
  private let addressSpace = __rlimit_resource_t(RLIMIT_AS.rawValue)
#else
  private let addressSpace = RLIMIT_AS
#endif

/// A stretch of addresses, of which only as much takes memory as is in use, from the start on.
final class ReservedMemory {
  let start: UnsafeMutableRawPointer
  let byteCount: Int
  /// How many bytes can be used.
  private(set) var usable = 0

  /// Memory is asked for and given back in such pieces.
  private static let piece = 1 << 20

  /// - Returns: nil where the system does not give so many addresses.
  init?(_ byteCount: Int) {
    let wanted = byteCount & ~(Self.piece - 1)
    guard wanted > 0,
      let start = mmap(nil, wanted, PROT_NONE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0),
      start != MAP_FAILED
    else { return nil }
    self.start = start
    self.byteCount = wanted
  }

  deinit { munmap(start, byteCount) }

  /// Makes the first `count` bytes usable, those that were not in use before as zeros; false where
  /// there is no memory for them.
  func grow(to count: Int) -> Bool {
    guard count > usable else { return true }
    let wanted = Self.pieces(count)
    guard wanted <= byteCount,
      mprotect(start + usable, wanted - usable, PROT_READ | PROT_WRITE) == 0
    else { return false }
    usable = wanted
    return true
  }

  /// Gives back the memory behind the first `count` bytes.
  func shrink(to count: Int) {
    let wanted = Self.pieces(count)
    guard wanted < usable, madvise(start + wanted, usable - wanted, MADV_DONTNEED) == 0,
      mprotect(start + wanted, usable - wanted, PROT_NONE) == 0
    else { return }
    usable = wanted
  }

  private static func pieces(_ count: Int) -> Int { (count + piece - 1) & ~(piece - 1) }

  /// As many addresses as the machine has memory, or a quarter of those that the process may use.
  static var reasonable: Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES)), page = sysconf(Int32(_SC_PAGESIZE))
    let (memory, overflow) = pages.multipliedReportingOverflow(by: page)
    var limit = rlimit()
    guard pages > 0, page > 0, !overflow, getrlimit(addressSpace, &limit) == 0 else {
      return 1 << 30
    }
    return min(memory, Int(clamping: limit.rlim_cur / 4))
  }
}
