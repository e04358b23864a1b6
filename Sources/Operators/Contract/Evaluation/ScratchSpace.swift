import Kernels

/// Memory that an operator needs while it computes; `release` frees all of it at once.
final class ScratchSpace {
  private var blocks: [UnsafeMutableRawBufferPointer] = []

  /// Frees every tensor made here; none may be used afterwards.
  func release() {
    for block in blocks { block.deallocate() }
    blocks = []
  }

  /// Zeros.
  func zeros(_ scalar: Scalar, _ shape: [Int]) -> ScratchTensor {
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, shape.reduce(scalar.size, *)), alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    blocks.append(bytes)
    let used = UnsafeMutableRawBufferPointer(rebasing: bytes[..<shape.reduce(scalar.size, *)])
    return ScratchTensor(target: Target(scalar, shape, used))
  }

  /// A copy of elements at the given strides.
  func copy(
    _ source: Source, shape: [Int], strides steps: [Int], offset: Int = 0
  ) -> ScratchTensor {
    let result = zeros(source.scalar, shape)
    guard let from = source.bytes.baseAddress, let to = result.target.bytes.baseAddress,
      !shape.contains(0)
    else { return result }
    stridedCopy(
      shape: shape, width: source.scalar.size, from: from, strides: steps, sourceOffset: offset,
      to: to, strides: strides(of: shape))
    return result
  }

  /// A copy with the axes in another order.
  func copy(_ source: Source, order: [Int]) -> ScratchTensor {
    let steps = strides(of: source.shape)
    return copy(source, shape: order.map { source.shape[$0] }, strides: order.map { steps[$0] })
  }

  /// A copy of one index of an axis, which goes.
  func slice(_ index: Int, of source: Source, axis: Int) -> ScratchTensor {
    var shape = source.shape, steps = strides(of: source.shape)
    shape.remove(at: axis)
    let offset = index * steps.remove(at: axis)
    return copy(source, shape: shape, strides: steps, offset: offset)
  }

  /// A copy with elements of another type.
  func convert(_ source: Source, to scalar: Scalar) -> ScratchTensor {
    let result = zeros(scalar, source.shape)
    _ = Kernels.convert(source, into: result.target)
    return result
  }
}

/// A tensor in scratch memory.
struct ScratchTensor {
  let target: Target

  var source: Source {
    Source(target.scalar, target.shape, UnsafeRawBufferPointer(target.bytes))
  }

  var shape: [Int] { target.shape }

  /// Copies this into one index of an axis of a larger tensor, the first two axes exchanged where
  /// `turned`.
  func write(to larger: Target?, _ index: Int, axis: Int, turned: Bool) {
    guard let larger, let to = larger.bytes.baseAddress, let from = target.bytes.baseAddress,
      !shape.contains(0)
    else { return }
    var steps = strides(of: larger.shape)
    let offset = index * steps.remove(at: axis)
    if turned { steps.swapAt(0, 1) }
    stridedCopy(
      shape: shape, width: target.scalar.size, from: from, strides: strides(of: shape), to: to,
      strides: steps, targetOffset: offset)
  }
}
