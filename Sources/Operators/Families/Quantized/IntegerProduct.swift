import IR
import Kernels

/// Integers widened from an 8-bit operand, and the memory that holds them.
final class WidenedOperand {
  let bytes: UnsafeMutableRawBufferPointer
  let shape: [Int]
  /// Whether the bytes were signed, and their zero-point; nil where several were taken off.
  var origin: (isSigned: Bool, zeroPoint: Int32)?

  init(count: Int, shape: [Int]) {
    bytes = .allocate(byteCount: max(1, count) * 4, alignment: 64)
    self.shape = shape
  }

  deinit { bytes.deallocate() }

  var elements: UnsafeMutablePointer<Int32> {
    bytes.baseAddress!.assumingMemoryBound(to: Int32.self)
  }
  var source: Source { Source(.int32, shape, UnsafeRawBufferPointer(bytes)) }
  var target: Target { Target(.int32, shape, bytes) }
}

extension WidenedOperand {
  /// The integers with their one zero-point put back; nil where there were several.
  fileprivate var bytesAsStored: StoredBytes? {
    guard let origin else { return nil }
    let result = StoredBytes(count: bytes.count / 4, origin.isSigned, origin.zeroPoint)
    for index in 0..<result.elements.count {
      result.elements[index] = elements[index] &+ origin.zeroPoint
    }
    return result
  }
}

/// Bytes as they were stored, in int32.
private final class StoredBytes {
  let elements: UnsafeMutableBufferPointer<Int32>
  let operand: ByteOperand

  init(count: Int, _ isSigned: Bool, _ zeroPoint: Int32) {
    elements = .allocate(capacity: count)
    operand = ByteOperand(
      UnsafeBufferPointer(elements), zeroPoint: zeroPoint, isSigned: isSigned)
  }

  deinit { elements.deallocate() }
}

extension Evaluation {
  /// An 8-bit input widened to int32 with its zero-point taken off.
  ///
  /// - Parameters:
  ///   - zeroPoint: the input that holds the zero-point, which may be left out.
  ///   - axis: the axis that several zero-points belong to; nil where only one is allowed.
  func widened(
    _ index: Int, zeroPoint: Int?, axis: Int?
  ) throws(ModelError) -> WidenedOperand {
    let view = try input(index)
    let source = try source(index)
    var zeros: [Int32] = [0]
    if let zeroPoint, let values = try integers(zeroPoint) {
      let wanted = axis.flatMap { view.shape[safe: $0] } ?? 1
      guard values.count == 1 || values.count == wanted else {
        throw mismatch(
          zeroPoint, expected: wanted == 1 ? "one zero-point" : "1 or \(wanted) zero-points",
          found: "\(values.count)")
      }
      zeros = values.map { Int32(truncatingIfNeeded: $0) }
    }
    let result = WidenedOperand(count: view.count, shape: view.shape)
    guard widenQuantized(source, zeroPoints: zeros, axis: axis ?? 0, into: result.elements) else {
      throw mismatch(index, expected: "int8 or uint8", found: "\(view.elementType)")
    }
    if let zero = zeros.first, zeros.allSatisfy({ $0 == zero }) {
      result.origin = (view.elementType == .int8, zero)
    }
    return result
  }

  /// Sums of products of matrices of bytes.
  func multiply(
    _ shape: MatrixProductShape, _ a: WidenedOperand, _ b: WidenedOperand, into y: Target
  ) {
    if saturates, let left = a.bytesAsStored, let right = b.bytesAsStored {
      return saturatingProduct(shape, left.operand, right.operand, into: y)
    }
    _ = matrixProduct(shape, a.source, b.source, into: y)
  }

  /// Sums of a convolution of bytes; false where the bias is not int32.
  func convolve(
    _ shape: ConvolutionShape, _ x: WidenedOperand, _ w: WidenedOperand, bias: Source?,
    into y: Target
  ) -> Bool {
    guard saturates, let left = x.bytesAsStored, let right = w.bytesAsStored,
      bias.map({ $0.scalar == .int32 }) ?? true
    else { return Kernels.convolve(shape, x.source, w.source, bias: bias, into: y) }
    saturatingConvolution(
      shape, left.operand, right.operand, bias: bias?.elements(Int32.self).baseAddress, into: y)
    return true
  }

  /// The scales in an input: one, or `count` of them.
  func scales(_ index: Int, count: Int = 1) throws(ModelError) -> [Float] {
    let view = try input(index)
    guard view.elementType == .float else {
      throw mismatch(index, expected: "float", found: "\(view.elementType)")
    }
    let values = Array(view.elements(Float.self))
    guard values.count == 1 || values.count == count else {
      throw mismatch(
        index, expected: count == 1 ? "one scale" : "1 or \(count) scales", found: "\(values.count)"
      )
    }
    return values
  }

  /// Rounds sums of products to 8 bits: `saturate(rne(sum·s_a·s_b/s_y) + z_y)`.
  ///
  /// - Parameters:
  ///   - a: the one scale of the left operand.
  ///   - b: scales of the right operand, one for all or one for each run of `inner` elements.
  ///   - y: the input that holds the output's scale; its zero-point is the next.
  func finishQuantized(
    _ sums: WidenedOperand, a: Float, b: [Float], y index: Int, inner: Int, output shape: [Int]
  ) throws(ModelError) {
    let scale = try scales(index)[0]
    let zero = try integers(index + 1) ?? [0]
    guard zero.count == 1 else {
      throw mismatch(index + 1, expected: "one zero-point", found: "\(zero.count)")
    }
    let y = try output(0, input(index + 1).elementType, shape)
    guard
      requantize(
        sums.elements, scales: b.map { a * $0 / scale }, inner: inner,
        zeroPoint: Int32(truncatingIfNeeded: zero[0]), into: y)
    else {
      throw mismatch(
        index + 1, expected: "int8 or uint8", found: "\(try input(index + 1).elementType)")
    }
  }
}
