package import IR
package import Operators

/// A tensor during a run: row-major, or arranged as only its backend reads it.
package final class RuntimeTensor {
  package let elementType: ElementType
  package let shape: [Int]
  /// How the elements lie in `bytes`; nil for row-major.
  package let arrangement: (any Arrangement)?
  /// Where the elements of a constant or an input come from.
  private let source: Storage?
  /// The constant that this one is made from whenever it is read.
  private var origin: RuntimeTensor?
  /// The elements in memory and what keeps them alive; nil for a constant that nobody has read yet.
  private var resident: UnsafeRawBufferPointer?
  private var holder: AnyObject?
  /// What is known of the magnitudes of floats.
  package var bound: (value: Double, isMeasured: Bool)?
  /// The same elements row-major, once somebody has asked for them.
  var rowMajor: RuntimeTensor?

  package init(
    _ elementType: ElementType, _ shape: [Int], _ bytes: UnsafeRawBufferPointer, owner: AnyObject,
    arrangement: (any Arrangement)? = nil
  ) {
    self.elementType = elementType
    self.shape = shape
    self.arrangement = arrangement
    source = nil
    resident = bytes
    holder = owner
  }

  /// A constant or an input; nil for strings.
  init?(_ tensor: Tensor) {
    guard let storage = tensor.storage else { return nil }
    elementType = tensor.elementType
    shape = tensor.dimensions
    arrangement = nil
    source = storage
  }

  /// The elements. Those of a constant that lie at an odd address of the model file are copied at
  /// the first call.
  package var bytes: UnsafeRawBufferPointer {
    if let resident { return resident }
    guard let storage = source?.aligned(to: elementType.byteWidth ?? 1) else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    holder = storage
    resident = storage.bytes
    return storage.bytes
  }

  /// Keeps `bytes` alive.
  package var owner: AnyObject {
    _ = bytes
    return holder ?? self
  }

  /// Calls `body` with the elements, which it copies elsewhere: those of a constant need not stay in
  /// memory afterwards.
  ///
  /// - Parameter body: is told too whether the address is a multiple of the elements' size.
  package func withElements<R>(_ body: (UnsafeRawBufferPointer, _ isAligned: Bool) -> R) -> R {
    guard resident == nil, let source else { return body(bytes, true) }
    return source.withUnsafeBytes { bytes in
      body(bytes, UInt(bitPattern: bytes.baseAddress) % UInt(elementType.byteWidth ?? 1) == 0)
    }
  }

  /// Gives up memory that holds a constant's elements where they can be had again. Must not be
  /// called while an operator reads them.
  package func releasePages() {
    origin?.releasePages()
    guard let source else { return }
    resident = nil
    holder = nil
    // Fewer bytes are not worth the call.
    guard source.count >= 1 << 14, !source.isComputed, let file = source.owner as? any PageOwner
    else { return }
    file.releasePages(source.bytes)
  }

  /// A constant of 16-bit floats as floats, which are made whenever they are read; nil for others.
  var widened: RuntimeTensor? {
    guard elementType == .float16 || elementType == .bfloat16 else { return nil }
    let (type, count) = (elementType, count)
    let given = source ?? Storage(bytes, keptAliveBy: owner)
    let storage = Storage.deferred(uninitializedCount: 4 * count) { target in
      given.aligned(to: 2).withUnsafeBytes { adapt($0, type, into: target, .float, count: count) }
    }
    let result = RuntimeTensor(Tensor(.float, shape, storage))
    result?.origin = self
    return result
  }

  /// The number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// What operators read; the tensor must be row-major.
  package var view: TensorView { TensorView(elementType, shape, bytes) }

  /// The memory for writing, where nobody else can see it: a buffer that only this tensor holds.
  package var writableInPlace: UnsafeMutableRawPointer? {
    guard holder is Buffer, rowMajor == nil, isKnownUniquelyReferenced(&holder) else { return nil }
    return UnsafeMutableRawPointer(mutating: bytes.baseAddress)
  }

  /// The same elements as a constant tensor; the tensor must be row-major.
  var tensor: Tensor { Tensor(elementType, shape, Storage(bytes, keptAliveBy: owner)) }
}

extension BufferPool {
  /// New memory for a row-major tensor.
  package func tensor(
    _ label: String, _ elementType: ElementType, _ shape: [Int]
  ) throws(ModelError) -> RuntimeTensor {
    guard let count = Tensor.count(shape) else {
      throw ModelError(
        .limit, "\(label): expected a tensor that fits in memory, found shape \(shape)")
    }
    guard let byteCount = elementType.byteCount(of: count) else {
      throw ModelError(
        .unsupported, "\(label): tensors of element type \(elementType) cannot be computed")
    }
    guard let buffer = take(byteCount) else {
      throw ModelError(
        .limit, "\(label): expected a tensor that fits in memory, found shape \(shape)")
    }
    return RuntimeTensor(
      elementType, shape, UnsafeRawBufferPointer(start: buffer.address, count: byteCount),
      owner: buffer)
  }
}

extension RuntimeTensor {
  /// The memory for the operator that produces the tensor, before anybody else sees it.
  package var target: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(mutating: bytes)
  }
}
