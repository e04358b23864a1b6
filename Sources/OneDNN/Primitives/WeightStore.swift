internal import Execution

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Memory for weights in the layouts that primitives want: one piece behind the other in slabs, which
/// stay as long as a primitive reads them.
final class WeightStore {
  private static let slabSize = 32 << 20
  private var slab: Slab?
  private var used = 0
  /// Where elements are put that lie at odd addresses, while they are read.
  private var scratch: UnsafeMutableRawBufferPointer?

  /// Memory that is not cleared, 64-byte aligned, and what keeps it; nil when there is none.
  func take(_ byteCount: Int) -> (owner: AnyObject, address: UnsafeMutableRawPointer)? {
    guard byteCount >= 0, byteCount <= Int.max - Self.slabSize else { return nil }
    let size = max(64, (byteCount + 63) & ~63)
    if let slab, slab.capacity - used >= size {
      defer { used += size }
      return (slab, slab.address + used)
    }
    guard let made = Slab(size) else { return nil }
    // A large piece leaves the rest of the present slab to those that follow.
    if slab.map({ $0.capacity - used < made.capacity - size }) ?? true {
      slab = made
      used = size
    }
    return (made, made.address)
  }

  /// Calls `body` with a constant's elements, which are copied elsewhere at once; nil when there is no
  /// memory for them.
  func reading<R>(_ constant: RuntimeTensor, _ body: (UnsafeRawBufferPointer) -> R?) -> R? {
    constant.withElements { bytes, isAligned in
      guard !isAligned, let from = bytes.baseAddress else { return body(bytes) }
      guard let copy = room(bytes.count) else { return nil }
      copy.copyMemory(from: from, byteCount: bytes.count)
      constant.releasePages()
      return body(UnsafeRawBufferPointer(start: copy, count: bytes.count))
    }
  }

  private func room(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    if let scratch, scratch.count >= byteCount { return scratch.baseAddress }
    finishReading()
    guard let address = BufferPool.allocate(byteCount) else { return nil }
    scratch = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
    return address
  }

  /// Gives up memory that was needed while constants were read.
  func finishReading() {
    free(scratch?.baseAddress)
    scratch = nil
  }

  deinit { finishReading() }

  private final class Slab {
    let address: UnsafeMutableRawPointer
    let capacity: Int

    init?(_ byteCount: Int) {
      let capacity = max(WeightStore.slabSize, byteCount)
      guard let address = BufferPool.allocate(capacity) else { return nil }
      self.address = address
      self.capacity = capacity
    }

    deinit { free(address) }
  }
}
