internal import IR
internal import Operators

/// A tensor during a run: row-major, or in a layout that only oneDNN reads.
final class RuntimeTensor {
  let elementType: ElementType
  let shape: [Int]
  /// How the elements lie in `bytes`; nil for row-major.
  let layout: Layout?
  let bytes: UnsafeRawBufferPointer
  /// Keeps `bytes` alive.
  private(set) var owner: AnyObject
  /// The same elements row-major, once somebody has asked for them.
  var rowMajor: RuntimeTensor?

  init(
    _ elementType: ElementType, _ shape: [Int], _ bytes: UnsafeRawBufferPointer, owner: AnyObject,
    layout: Layout? = nil
  ) {
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
    self.owner = owner
    self.layout = layout
  }

  /// A constant or an input; nil for strings.
  convenience init?(_ tensor: Tensor) {
    guard let storage = tensor.storage?.aligned(to: tensor.elementType.byteWidth ?? 1) else {
      return nil
    }
    self.init(tensor.elementType, tensor.dimensions, storage.bytes, owner: storage)
  }

  /// The number of elements.
  var count: Int { shape.reduce(1, *) }

  /// What operators read; the tensor must be row-major.
  var view: TensorView { TensorView(elementType, shape, bytes) }

  /// The memory for writing, where nobody else can see it: a buffer that only this tensor holds.
  var writableInPlace: UnsafeMutableRawPointer? {
    guard owner is Buffer, rowMajor == nil, isKnownUniquelyReferenced(&owner) else { return nil }
    return UnsafeMutableRawPointer(mutating: bytes.baseAddress)
  }

  /// The same elements as a constant tensor; the tensor must be row-major.
  var tensor: Tensor { Tensor(elementType, shape, Storage(bytes, keptAliveBy: owner)) }
}

extension BufferPool {
  /// New memory for a row-major tensor.
  func tensor(
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
  var target: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(mutating: bytes) }
}
