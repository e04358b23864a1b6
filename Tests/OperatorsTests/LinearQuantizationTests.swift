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

  @Test("int32 dequantizes; blocks are refused")
  func other() throws {
    let bias = Tensor(.int32, [2], Storage([Int32(-100_000), 7]))
    let scale = Tensor(floats: [0.5], [])
    let y = try evaluate("DequantizeLinear", opset: 13, inputs: [bias, scale])[0]
    #expect(y.floats == [-50_000, 3.5])
    let error = #expect(throws: ModelError.self) {
      try evaluate(
        "DequantizeLinear", opset: 21, attributes: [Attribute("block_size", .int(2))],
        inputs: [bytes(1, 2), Tensor(floats: [1], [1])])
    }
    #expect(error?.code == .unsupported)
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
