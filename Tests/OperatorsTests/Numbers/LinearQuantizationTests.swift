import IR
import Operators
import TestSupport
import Testing

@Suite("QuantizeLinear and DequantizeLinear")
struct LinearQuantizationTests {
  private let one = Tensor(floats: [1], [])
  private func bytes(_ values: UInt8...) -> Tensor {
    Tensor(.uint8, values.count == 1 ? [] : [values.count], Storage(values))
  }

  @Test("Halves go to even, before the zero-point is added")
  func rounding() throws {
    let x = Tensor(floats: [0.5, 1.5, 2.5, -0.5, -1.5, -2.5], [6])
    let y = try evaluate("QuantizeLinear", opset: 13, inputs: [x, one, bytes(10)])[0]
    #expect(y.integers == [10, 12, 12, 10, 8, 8])
  }

  @Test("Values saturate and NaN becomes the lowest")
  func saturation() throws {
    let x = Tensor(floats: [.nan, .infinity, -.infinity, 1e30, -1e30, 127, 128], [7])
    let unsigned = try evaluate("QuantizeLinear", opset: 13, inputs: [x, one, bytes(128)])[0]
    #expect(unsigned.integers == [0, 255, 0, 255, 0, 255, 255])
    let zero = Tensor(.int16, [], Storage([Int16(0)]))
    let wide = try evaluate("QuantizeLinear", opset: 21, inputs: [x, one, zero])[0]
    #expect(wide.integers == [-32768, 32767, -32768, 32767, -32768, 127, 128])
  }

  @Test("The output is uint8 unless zero-point or attribute say otherwise")
  func type() throws {
    let x = Tensor(floats: [-1, 300], [2])
    #expect(try evaluate("QuantizeLinear", opset: 10, inputs: [x, one])[0].integers == [0, 255])
    let signed = try evaluate(
      "QuantizeLinear", opset: 21, attributes: [Attribute("output_dtype", .int(3))],
      inputs: [x, one])[0]
    #expect(signed.elementType == .int8)
    #expect(signed.integers == [-1, 127])
  }

  @Test("Scales and zero-points along an axis")
  func perAxis() throws {
    let x = bytes(1, 2, 3, 4, 5, 6).reshaped([3, 2])
    let scales = Tensor(floats: [1, 10], [2])
    let y = try evaluate("DequantizeLinear", opset: 13, inputs: [x, scales, bytes(0, 1)])[0]
    #expect(y.floats == [1, 10, 3, 30, 5, 50])
    let back = try evaluate("QuantizeLinear", opset: 13, inputs: [y, scales, bytes(0, 1)])[0]
    #expect(back == x)
    #expect(throws: ModelError.self) {
      try evaluate(
        "DequantizeLinear", opset: 13, attributes: [Attribute("axis", .int(0))],
        inputs: [x, scales, bytes(0, 1)])
    }
  }

  @Test("int32 dequantizes")
  func other() throws {
    let bias = Tensor(.int32, [2], Storage([Int32(-100_000), 7]))
    let scale = Tensor(floats: [0.5], [])
    let y = try evaluate("DequantizeLinear", opset: 13, inputs: [bias, scale])[0]
    #expect(y.floats == [-50_000, 3.5])
  }

  @Test("Blocks along an axis, the last one shorter", arguments: [0, 1])
  func blocks(axis: Int) throws {
    let attributes = [Attribute("axis", .int(axis)), Attribute("block_size", .int(2))]
    let x = bytes(1, 2, 3, 4, 5, 6, 7, 8, 9).reshaped([3, 3])
    let scales =
      axis == 0
      ? Tensor(floats: [1, 2, 3, 10, 20, 30], [2, 3])
      : Tensor(floats: [1, 10, 2, 20, 3, 30], [3, 2])
    let y = try evaluate(
      "DequantizeLinear", opset: 21, attributes: attributes, inputs: [x, scales])[0]
    let expected: [Float] =
      axis == 0 ? [1, 4, 9, 4, 10, 18, 70, 160, 270] : [1, 2, 30, 8, 10, 120, 21, 24, 270]
    #expect(y.floats == expected)
    let zeros = Tensor(.uint8, scales.dimensions, Storage([UInt8](repeating: 0, count: 6)))
    let back = try evaluate(
      "QuantizeLinear", opset: 21, attributes: attributes, inputs: [y, scales, zeros])[0]
    #expect(back == x)
    #expect(throws: ModelError.self) {
      try evaluate(
        "DequantizeLinear", opset: 21, attributes: attributes,
        inputs: [x, Tensor(floats: [1, 2], [2])])
    }
  }

  @Test("Integers of four bits are packed, and saturate at their own bounds")
  func fourBits() throws {
    let x = Tensor(floats: [-100, -1.5, 0, 6.5, 100], [5])
    let y = try evaluate(
      "QuantizeLinear", opset: 21, attributes: [Attribute("output_dtype", .int(22))],
      inputs: [x, one])[0]
    #expect(y.elementType == .int4)
    // -8, -2 | 0, 6 | 7: the first element in the lower bits.
    #expect(y.storage.map { Array($0.bytes) } == [0xE8, 0x60, 0x07])
    let back = try evaluate("DequantizeLinear", opset: 21, inputs: [y, one])[0]
    #expect(back.floats == [-8, -2, 0, 6, 7])
  }

  @Test("The quotient is rounded in the scale's type")
  func precision() throws {
    // 1 / 0.0952 is 10.5 in float16, which goes to the even 10, and 10.503 in float.
    let x = Tensor(.float16, [1], Storage([Float16(1).bitPattern]))
    let scale = Tensor(.float16, [], Storage([Float16(0.0952).bitPattern]))
    let y = try evaluate("QuantizeLinear", opset: 21, inputs: [x, scale])[0]
    #expect(y.integers == [10])
    let wide = try evaluate(
      "QuantizeLinear", opset: 23, attributes: [Attribute("precision", .int(1))],
      inputs: [x, scale])[0]
    #expect(wide.integers == [11])
  }
}

extension Tensor {
  /// The same elements under another shape.
  fileprivate func reshaped(_ dimensions: [Int]) -> Tensor {
    var copy = self
    copy.dimensions = dimensions
    return copy
  }
}
