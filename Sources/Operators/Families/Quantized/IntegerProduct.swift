import IR
import Kernels

/// Integers widened from an 8-bit operand, and the memory that holds them.
final class WidenedOperand {
  let bytes: UnsafeMutableRawBufferPointer
  let shape: [Int]

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
    return result
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
