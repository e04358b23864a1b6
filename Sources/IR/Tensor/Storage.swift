private import Synchronization

/// Immutable bytes: owned here, kept alive by another object such as a mapped file, or computed
/// whenever somebody reads them.
///
/// Copying a tensor copies a reference to its storage, never the bytes. The bytes never change
/// after initialisation, which is what makes the unchecked conformance to `Sendable` sound.
public final class Storage: @unchecked Sendable {
  private enum Source {
    case memory(UnsafeRawPointer)
    case computed(@Sendable () -> Storage)
    case streamed(PartFilling)
  }

  /// Initialises memory with the bytes from an offset on.
  package typealias PartFilling =
    @Sendable (_ target: UnsafeMutableRawBufferPointer, _ offset: Int) -> Void

  private let source: Source
  /// Keeps the bytes alive; nil when they are this object's own or computed.
  package let owner: AnyObject?
  /// What `bytes` has computed.
  private let resident = Mutex<Storage?>(nil)

  /// The number of bytes.
  public let count: Int

  /// The same elements as a file's message holds them, where that is another form: packed varints.
  /// They are written back as they were read.
  package let encoded: Storage?

  /// From this size on, bytes that can be had again are not kept in memory.
  private static let largeSize = 1 << 20

  /// Allocates `count` bytes, 64-byte aligned, and lets `fill` initialise them.
  ///
  /// The bytes are zero when `fill` receives them.
  public init(
    count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void = { _ in }
  ) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    if let address = buffer.baseAddress {
      address.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }
    fill(buffer)
    self.source = .memory(UnsafeRawPointer(buffer.baseAddress!))
    self.count = count
    self.owner = nil
    self.encoded = nil
  }

  /// Allocates `count` bytes, 64-byte aligned, all of which `fill` initialises.
  package init(
    uninitializedCount count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    fill(buffer)
    self.source = .memory(UnsafeRawPointer(buffer.baseAddress!))
    self.count = count
    self.owner = nil
    self.encoded = nil
  }

  /// Refers to bytes that `owner` keeps alive and unchanged.
  public init(_ bytes: UnsafeRawBufferPointer, keptAliveBy owner: AnyObject) {
    self.source = .memory(bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!)
    self.count = bytes.count
    self.owner = owner
    self.encoded = nil
  }

  /// Bytes that `source` computes each time they are read, always the same.
  private init(computedCount count: Int, encoded: Storage?, _ source: Source) {
    self.source = source
    self.count = count
    self.owner = nil
    self.encoded = encoded
  }

  /// Copies the elements of `array`.
  public convenience init<T: BitwiseCopyable>(_ array: [T]) {
    self.init(uninitializedCount: array.count * MemoryLayout<T>.stride) { target in
      array.withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }

  deinit { if owner == nil, case .memory(let base) = source { base.deallocate() } }

  /// Bytes that follow from other storage and so need not be kept: large ones are computed
  /// whenever they are read, so that a model's worth of them never stands in memory at once.
  ///
  /// - Parameters:
  ///   - encoded: the packed varints that the bytes come from, where they do.
  ///   - fill: initialises the bytes, which are zero; to the same values at every call.
  package static func deferred(
    count: Int, encoded: Storage? = nil,
    fill: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
  ) -> Storage {
    guard count >= largeSize || encoded != nil else {
      return Storage(count: count, fill: fill)
    }
    return Storage(
      computedCount: count, encoded: encoded, .computed { Storage(count: count, fill: fill) })
  }

  /// The same for bytes all of which `fill` initialises.
  package static func deferred(
    uninitializedCount count: Int, fill: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
  ) -> Storage {
    guard count >= largeSize else { return Storage(uninitializedCount: count, fill: fill) }
    return Storage(
      computedCount: count, encoded: nil,
      .computed { Storage(uninitializedCount: count, fill: fill) })
  }

  /// Bytes that follow from other storage, like `deferred(count:encoded:fill:)`, of which any part
  /// can be computed by itself.
  ///
  /// - Parameter fill: initialises all of its target; to the same values at every call.
  package static func streamed(count: Int, fill: @escaping PartFilling) -> Storage {
    guard count >= largeSize else { return Storage(uninitializedCount: count) { fill($0, 0) } }
    return Storage(computedCount: count, encoded: nil, .streamed(fill))
  }

  /// The computed bytes, all of them.
  private static func whole(_ count: Int, _ fill: PartFilling) -> Storage {
    Storage(uninitializedCount: count) { fill($0, 0) }
  }

  /// Calls `body` with the bytes, which are valid for the duration of the call. They may begin at
  /// any address: see `aligned(to:)`.
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    switch source {
    case .memory(let base):
      let result = try body(UnsafeRawBufferPointer(start: base, count: count))
      withExtendedLifetime(self) {}
      return result
    case .computed(let make):
      let made = resident.withLock { $0 } ?? make()
      return try made.withUnsafeBytes(body)
    case .streamed(let fill):
      let made = resident.withLock { $0 } ?? Self.whole(count, fill)
      return try made.withUnsafeBytes(body)
    }
  }

  /// The bytes, for callers that keep this object alive themselves. Those that are computed stay
  /// in memory from now on.
  package var bytes: UnsafeRawBufferPointer {
    switch source {
    case .memory(let base): return UnsafeRawBufferPointer(start: base, count: count)
    case .computed(let make):
      return resident.withLock { known in
        if known == nil { known = make() }
        return known!.bytes
      }
    case .streamed(let fill):
      return resident.withLock { known in
        if known == nil { known = Self.whole(count, fill) }
        return known!.bytes
      }
    }
  }

  /// Copies the bytes from an offset on, as many as `target` takes; of computed ones no more than
  /// these are computed where that can be.
  package func copy(to target: UnsafeMutableRawBufferPointer, from offset: Int) {
    guard !target.isEmpty else { return }
    if case .streamed(let fill) = source, resident.withLock({ $0 }) == nil {
      return fill(target, offset)
    }
    withUnsafeBytes { bytes in
      target.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + target.count]))
    }
  }

  /// Whether the bytes are computed at every reading.
  package var isComputed: Bool { if case .memory = source { false } else { true } }

  /// Whether any part of the bytes is computed by itself.
  package var isStreamed: Bool { if case .streamed = source { true } else { false } }

  /// The same bytes, in memory and at an address that is a multiple of `alignment`, for readers
  /// that take them for numbers: this object where it is so already, else a copy.
  package func aligned(to alignment: Int) -> Storage {
    switch source {
    case .memory(let base):
      guard UInt(bitPattern: base) % UInt(max(1, min(alignment, 16))) != 0 else { return self }
      return withUnsafeBytes { bytes in
        Storage(uninitializedCount: count) { $0.copyMemory(from: bytes) }
      }
    case .computed(let make): return resident.withLock { $0 } ?? make()
    case .streamed(let fill): return resident.withLock { $0 } ?? Self.whole(count, fill)
    }
  }

  /// A part of the bytes, which must be in memory.
  package func slice(_ range: Range<Int>) -> Storage {
    Storage(UnsafeRawBufferPointer(rebasing: bytes[range]), keptAliveBy: owner ?? self)
  }

  /// Says that the bytes will not be read for a while, so that pages of a mapped file need not
  /// stand in memory.
  package func releasePages() {
    guard count >= Self.largeSize, case .memory(let base) = source,
      let owner = owner as? any PageOwner
    else { return }
    owner.releasePages(UnsafeRawBufferPointer(start: base, count: count))
  }
}

/// An object whose bytes the system can fetch again, such as a mapped file.
package protocol PageOwner: AnyObject {
  /// Takes pages that lie wholly in `bytes` out of memory until they are read again.
  func releasePages(_ bytes: UnsafeRawBufferPointer)
}

extension Storage: Hashable {
  /// Whether the bytes are the same.
  public static func == (a: Storage, b: Storage) -> Bool {
    guard a !== b else { return true }
    guard a.count == b.count else { return false }
    return a.withUnsafeBytes { x in b.withUnsafeBytes { y in isSame(x, y) } }
  }

  private static func isSame(_ x: UnsafeRawBufferPointer, _ y: UnsafeRawBufferPointer) -> Bool {
    let words = x.count / 8 * 8
    for offset in stride(from: 0, to: words, by: 8) {
      guard
        x.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          == y.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      else { return false }
    }
    return x[words...].elementsEqual(y[words...])
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) { withUnsafeBytes { hasher.combine(bytes: $0) } }
}
