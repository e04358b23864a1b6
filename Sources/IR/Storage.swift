/// Immutable bytes, owned here or kept alive by another object such as a mapped file.
///
/// Copying a tensor copies a reference to its storage, never the bytes. The bytes never change
/// after initialisation, which is what makes the unchecked conformance to `Sendable` sound.
public final class Storage: @unchecked Sendable {
  private let base: UnsafeRawPointer
  private let owner: AnyObject?

  /// The number of bytes.
  public let count: Int

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
    self.base = UnsafeRawPointer(buffer.baseAddress!)
    self.count = count
    self.owner = nil
  }

  /// Refers to bytes that `owner` keeps alive and unchanged.
  public init(_ bytes: UnsafeRawBufferPointer, keptAliveBy owner: AnyObject) {
    self.base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!
    self.count = bytes.count
    self.owner = owner
  }

  /// Copies the elements of `array`.
  public convenience init<T: BitwiseCopyable>(_ array: [T]) {
    self.init(count: array.count * MemoryLayout<T>.stride) { target in
      array.withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }

  deinit { if owner == nil { base.deallocate() } }

  /// Calls `body` with the bytes, which are valid for the duration of the call.
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let result = try body(UnsafeRawBufferPointer(start: base, count: count))
    withExtendedLifetime(self) {}
    return result
  }

  /// The bytes, for callers that keep this object alive themselves.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
