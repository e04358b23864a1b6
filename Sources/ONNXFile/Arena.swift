internal import COnnx
internal import IR

/// The memory of an unpacked message. Tensors refer into it and keep it alive.
final class Arena {
  private let arena: OpaquePointer

  /// Makes an arena for a message of `count` serialized bytes.
  ///
  /// The densest messages in use, lists of small integers, unpack to about 45 times their size
  /// while protobuf-c works on them.
  init(forMessageOf count: Int) throws(ModelError) {
    let scaled = count.multipliedReportingOverflow(by: 48)
    let live = scaled.overflow ? Int.max / 8 : min(scaled.partialValue, Int.max / 8) + (64 << 20)
    guard let arena = lapidary_arena_create(live, 4 * live) else {
      throw ModelError(.limit, "expected memory to read a model, found none")
    }
    self.arena = arena
  }

  deinit { lapidary_arena_destroy(arena) }

  /// What protobuf-c takes its memory from.
  var allocator: UnsafeMutablePointer<ProtobufCAllocator> { lapidary_arena_allocator(arena) }

  /// Whether the message needed more memory than its size justifies.
  var isExhausted: Bool { lapidary_arena_exhausted(arena) != 0 }
}
