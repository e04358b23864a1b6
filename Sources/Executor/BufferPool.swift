internal import IR
private import Synchronization

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Memory of a session that outlives a run, so that the next run finds it warm.
///
/// A buffer goes back to the pool when nobody holds it any more. What one whole run did not need is
/// freed at its end, so inputs of changing shapes do not make the pool grow.
final class BufferPool: Sendable {
  private struct Block: @unchecked Sendable {
    let address: UnsafeMutableRawPointer
    let capacity: Int
    var lastUse: Int
  }

  private struct State {
    var free: [Block] = []
    var run = 0
  }

  private let state = Mutex(State())

  deinit { state.withLock { for block in $0.free { free(block.address) } } }

  /// A buffer of at least `byteCount` bytes, 64-byte aligned and not cleared; nil when there is no
  /// such memory.
  func take(_ byteCount: Int) -> Buffer? {
    guard byteCount >= 0, byteCount <= Int.max - 4096 else { return nil }
    let wanted = max(64, (byteCount + 63) & ~63)
    let found: Block? = state.withLock { state in
      // The smallest that fits, and none so large that much of it would lie idle.
      var best: Int?
      for (index, block) in state.free.enumerated()
      where block.capacity >= wanted && block.capacity <= 2 * wanted + 4096 {
        if best.map({ block.capacity < state.free[$0].capacity }) ?? true { best = index }
      }
      return best.map { state.free.remove(at: $0) }
    }
    if let found { return Buffer(found.address, capacity: found.capacity, pool: self) }
    guard let address = BufferPool.allocate(wanted) else { return nil }
    return Buffer(address, capacity: wanted, pool: self)
  }

  /// Memory that is not cleared, 64-byte aligned, to be given back with `free`; nil when there is
  /// none.
  static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    var address: UnsafeMutableRawPointer?
    return posix_memalign(&address, 64, byteCount) == 0 ? address : nil
  }

  fileprivate func give(_ address: UnsafeMutableRawPointer, capacity: Int) {
    state.withLock { state in
      state.free.append(
        Block(address: address, capacity: capacity, lastUse: state.run))
    }
  }

  /// Ends a run: frees what it did not use.
  func endRun() {
    let idle: [Block] = state.withLock { state in
      let run = state.run
      let idle = state.free.filter { $0.lastUse < run }
      state.free.removeAll { $0.lastUse < run }
      state.run = run + 1
      return idle
    }
    for block in idle { free(block.address) }
  }
}

/// Memory that returns to its pool when the last reference goes.
final class Buffer {
  let address: UnsafeMutableRawPointer
  let capacity: Int
  private let pool: BufferPool

  fileprivate init(_ address: UnsafeMutableRawPointer, capacity: Int, pool: BufferPool) {
    self.address = address
    self.capacity = capacity
    self.pool = pool
  }

  deinit { pool.give(address, capacity: capacity) }
}
