internal import IR
private import Synchronization

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Memory of a session that outlives a run, so that the next run finds it warm.
///
/// Buffers lie close together in one stretch, at the lowest place that is free. A buffer's place is
/// free again when nobody holds it any more. What one whole run did not need is given back at its
/// end, so inputs of changing shapes do not make the pool grow.
package final class BufferPool: Sendable {
  private struct State {
    var memory: ReservedMemory?
    var ranges = FreeRanges(capacity: 0)
    /// How far the present run has used the memory.
    var reach = 0
    var isOpen = false

    /// Reserves addresses at the first request.
    mutating func open() {
      guard !isOpen else { return }
      isOpen = true
      // AddressSanitizer sees what goes beyond a buffer only where each is a block of its own.
      guard dlsym(nil, "__asan_init") == nil else { return }
      memory = ReservedMemory(ReservedMemory.reasonable)
      ranges = FreeRanges(capacity: memory?.byteCount ?? 0)
    }

    /// The address of `count` bytes, nil where the stretch has no room for them.
    mutating func take(_ count: Int) -> Int? {
      open()
      guard let start = ranges.take(count) else { return nil }
      guard memory?.grow(to: ranges.end) == true, let base = memory?.start else {
        ranges.give(start, count)
        return nil
      }
      reach = max(reach, ranges.end)
      return Int(bitPattern: base + start)
    }

    /// Frees what `take` gave; false for memory from elsewhere.
    mutating func give(_ address: Int, _ count: Int) -> Bool {
      guard let base = memory.map({ Int(bitPattern: $0.start) }), address >= base,
        address - base < ranges.capacity
      else { return false }
      ranges.give(address - base, count)
      return true
    }

    mutating func endRun() {
      memory?.shrink(to: reach)
      reach = ranges.end
    }
  }

  private let state = Mutex(State())

  /// A buffer of at least `byteCount` bytes, 64-byte aligned and not cleared; nil when there is no
  /// such memory.
  package func take(_ byteCount: Int) -> Buffer? {
    guard byteCount >= 0, byteCount <= Int.max - 4096 else { return nil }
    let wanted = max(64, (byteCount + 63) & ~63)
    let place = state.withLock { $0.take(wanted) }
    guard
      let address = place.flatMap(UnsafeMutableRawPointer.init(bitPattern:))
        ?? BufferPool.allocate(wanted)
    else { return nil }
    return Buffer(address, capacity: wanted, pool: self)
  }

  /// Memory that is not cleared, 64-byte aligned, to be given back with `free`; nil when there is
  /// none.
  package static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    var address: UnsafeMutableRawPointer?
    return posix_memalign(&address, 64, byteCount) == 0 ? address : nil
  }

  fileprivate func give(_ address: UnsafeMutableRawPointer, capacity: Int) {
    let place = Int(bitPattern: address)
    if !state.withLock({ $0.give(place, capacity) }) { free(address) }
  }

  /// Ends a run: gives back what it did not use.
  func endRun() { state.withLock { $0.endRun() } }
}

/// Memory that returns to its pool when the last reference goes.
package final class Buffer {
  package let address: UnsafeMutableRawPointer
  let capacity: Int
  private let pool: BufferPool

  fileprivate init(_ address: UnsafeMutableRawPointer, capacity: Int, pool: BufferPool) {
    self.address = address
    self.capacity = capacity
    self.pool = pool
  }

  deinit { pool.give(address, capacity: capacity) }
}
