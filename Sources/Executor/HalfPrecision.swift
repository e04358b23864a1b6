internal import IR
internal import Kernels
internal import Operators

/// 16-bit floating-point operands, which kernels do not take: they are widened to float, and the
/// results rounded back.
enum HalfPrecision {
  static func isHalf(_ type: ElementType) -> Bool { type == .float16 || type == .bfloat16 }

  /// The tensor as float.
  static func widened(
    _ tensor: RuntimeTensor, _ label: String, _ pool: BufferPool
  ) throws(ModelError) -> RuntimeTensor {
    let result = try pool.tensor(label, .float, tensor.shape)
    guard let source = tensor.bytes.baseAddress?.assumingMemoryBound(to: UInt16.self),
      let target = result.target.baseAddress?.assumingMemoryBound(to: Float.self)
    else { return result }
    let isBrain = tensor.elementType == .bfloat16
    for i in 0..<tensor.count {
      target[i] =
        isBrain
        ? Float(bitPattern: UInt32(source[i]) << 16) : Float(Float16(bitPattern: source[i]))
    }
    return result
  }

  /// The float tensor rounded to a 16-bit type, half to even.
  static func rounded(
    _ tensor: RuntimeTensor, to type: ElementType, _ label: String, _ pool: BufferPool
  ) throws(ModelError) -> RuntimeTensor {
    let result = try pool.tensor(label, type, tensor.shape)
    guard let source = tensor.bytes.baseAddress?.assumingMemoryBound(to: Float.self),
      let target = result.target.baseAddress?.assumingMemoryBound(to: UInt16.self)
    else { return result }
    for i in 0..<tensor.count {
      target[i] = type == .bfloat16 ? brain(source[i]) : Float16(source[i]).bitPattern
    }
    return result
  }

  private static func brain(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    return UInt16((bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
  }
}
