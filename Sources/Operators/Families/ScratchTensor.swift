import Kernels

/// A tensor that an operator keeps while it computes, and cuts from and pastes into others.
final class ScratchTensor {
  private let bytes: UnsafeMutableRawBufferPointer
  private let width: Int
  let scalar: Scalar
  let shape: [Int]

  private init(_ scalar: Scalar, _ shape: [Int], _ width: Int) {
    self.scalar = scalar
    self.shape = shape
    self.width = width
    bytes = .allocate(byteCount: shape.reduce(width, *), alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }

  /// Zeros of the element type of another tensor.
  convenience init(_ like: Target?, _ shape: [Int], _ width: Int) {
    self.init(like?.scalar ?? .float, shape, width)
  }

  /// A copy with the axes in another order; nil keeps it.
  convenience init(_ source: Source, _ width: Int, _ order: [Int]?) {
    let order = order ?? Array(source.shape.indices)
    self.init(source.scalar, order.map { source.shape[$0] }, width)
    let steps = strides(of: source.shape)
    copy(source.bytes.baseAddress, order.map { steps[$0] }, 0)
  }

  /// A copy of one index of an axis, which goes.
  convenience init(slice index: Int, of source: Source, _ width: Int, axis: Int) {
    var shape = source.shape
    shape.remove(at: axis)
    self.init(source.scalar, shape, width)
    var steps = strides(of: source.shape)
    let offset = index * steps.remove(at: axis)
    copy(source.bytes.baseAddress, steps, offset)
  }

  /// A copy of elements at the given strides.
  convenience init(_ source: Source, _ width: Int, shape: [Int], strides: [Int]) {
    self.init(source.scalar, shape, width)
    copy(source.bytes.baseAddress, strides, 0)
  }

  /// A copy with elements of another type.
  convenience init(_ source: Source, converted scalar: Scalar) {
    self.init(scalar, source.shape, scalar.size)
    _ = convert(source, into: target)
  }

  private func copy(_ from: UnsafeRawPointer?, _ steps: [Int], _ offset: Int) {
    guard let from, let to = bytes.baseAddress, !shape.contains(0) else { return }
    stridedCopy(
      shape: shape, width: width, from: from, strides: steps, sourceOffset: offset, to: to,
      strides: strides(of: shape))
  }

  var source: Source { Source(scalar, shape, UnsafeRawBufferPointer(bytes)) }
  var target: Target { Target(scalar, shape, bytes) }

  /// Copies this into one index of an axis of a larger tensor, the first two axes exchanged where
  /// `turned`.
  func write(to target: Target?, _ index: Int, axis: Int, turned: Bool) {
    guard let target, let to = target.bytes.baseAddress, let from = bytes.baseAddress,
      !shape.contains(0)
    else { return }
    var steps = strides(of: target.shape)
    let offset = index * steps.remove(at: axis)
    if turned { steps.swapAt(0, 1) }
    stridedCopy(
      shape: shape, width: width, from: from, strides: strides(of: shape), to: to,
      strides: steps, targetOffset: offset)
  }
}
