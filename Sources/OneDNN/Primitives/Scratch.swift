internal import COneDNN
private import Synchronization

/// Memory that primitives keep numbers in while they run.
///
/// oneDNN's own belongs to the thread that compiles a primitive: another thread that runs it finds none,
/// or less than it needs, and writes beyond it. So primitives are told to take it from here, where a
/// block serves one run at a time and stays for the next.
enum Scratch {
  /// A block of memory.
  struct Block {
    let address: UnsafeMutableRawPointer
    let byteCount: Int
  }

  /// Blocks that no run has, by address and length.
  private static let free = Mutex<[(address: UInt, byteCount: Int)]>([])
  private static let alignment = 4096

  /// A block of at least so many bytes.
  static func borrow(_ byteCount: Int) -> Block {
    let known = free.withLock { $0.popLast() }
    if let known, let address = UnsafeMutableRawPointer(bitPattern: known.address) {
      if known.byteCount >= byteCount {
        return Block(address: address, byteCount: known.byteCount)
      }
      address.deallocate()
    }
    let address = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: alignment)
    return Block(address: address, byteCount: byteCount)
  }

  /// Takes a block back.
  static func giveBack(_ block: Block) {
    free.withLock { $0.append((UInt(bitPattern: block.address), block.byteCount)) }
  }

  /// Lets attributes say that the memory comes from here.
  static func isSet(on attributes: dnnl_primitive_attr_t) -> Bool {
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user) == dnnl_success
  }

  /// Attributes that say nothing else, for as long as a call lasts.
  static func withAttributes<Result>(_ body: (dnnl_primitive_attr_t?) -> Result) -> Result {
    var attributes: dnnl_primitive_attr_t?
    guard dnnl_primitive_attr_create(&attributes) == dnnl_success, let attributes else {
      return body(nil)
    }
    defer { dnnl_primitive_attr_destroy(attributes) }
    return body(isSet(on: attributes) ? attributes : nil)
  }
}
