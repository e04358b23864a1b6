import Execution
import IR
import TestSupport
import Testing

/// QuantizeLinear and DequantizeLinear where channels lie next to each other.
@Suite("Numbers and bytes in a layout of the backend's")
struct ScaledBytesTests {
  /// A convolution, its bytes as numbers, their mean over each channel as a gate, and the product's
  /// bytes before another convolution.
  private func gated(_ channels: Int, _ zero: Tensor, scale: Float) throws -> Model {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    func bytes(_ value: ValueID) -> ValueID {
      sketch.add("QuantizeLinear", value, sketch.number(scale), sketch.constant(zero))
    }
    func numbers(_ value: ValueID) -> ValueID {
      sketch.add("DequantizeLinear", value, sketch.number(scale), sketch.constant(zero))
    }
    let convolved = sketch.add("Conv", x, try sketch.weight([channels, 3, 3, 3]))
    let whole = numbers(bytes(convolved))
    let gate = sketch.add("Sigmoid", sketch.add("GlobalAveragePool", whole))
    let product = numbers(bytes(sketch.add("Mul", gate, whole)))
    return sketch.model(
      sketch.add("Conv", product, try sketch.weight([4, channels, 1, 1])), whole, opset: 20)
  }

  @Test("Results are those of the kernels", arguments: [1, 8, 11, 32], [ElementType.uint8, .int8])
  func results(channels: Int, type: ElementType) throws {
    let zero = Tensor(type, [], Storage([UInt8(100)]))
    let model = try gated(channels, zero, scale: 1 / 32)
    // Rounding a sum in another order may take it to the next of 256 numbers.
    for shape in [[1, 3, 3, 3], [2, 3, 17, 9], [1, 3, 34, 33]] {
      #expect(try difference(model, ["x": try floats(shape)]) < 1.0 / 64)
    }
  }

  @Test("Numbers beyond the scale are clamped, zeros and numbers that are none too")
  func extremes() throws {
    let model = try gated(16, Tensor(.uint8, [], Storage([UInt8(3)])), scale: 0.5)
    for value in [Float.zero, 1e30, -1e30, .infinity, .nan] {
      var x = [Float](repeating: 0.25, count: 3 * 8 * 8)
      x[70] = value
      let inputs = ["x": Tensor(floats: x, [1, 3, 8, 8])]
      let a = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
      let b = try Session(model).run(inputs)
      for (name, expected) in a {
        let found = try #require(b[name]?.floats)
        for (x, y) in zip(try #require(expected.floats), found) {
          #expect(abs(x - y) <= 0.5 + 0.02 * abs(x) || x.isNaN && y.isNaN, "\(name) \(value)")
        }
      }
    }
  }
}
