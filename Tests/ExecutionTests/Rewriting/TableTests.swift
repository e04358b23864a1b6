import Execution
import IR
import TestSupport
import Testing

/// Functions of one element between DequantizeLinear and QuantizeLinear.
@Suite("Functions of bytes")
struct TableTests {
  private func bytes(_ sketch: inout Network, _ x: ValueID, zero: Tensor) -> ValueID {
    sketch.add("QuantizeLinear", x, sketch.number(1 / 16), sketch.constant(zero))
  }

  private func numbers(_ sketch: inout Network, _ x: ValueID, zero: Tensor) -> ValueID {
    sketch.add("DequantizeLinear", x, sketch.number(1 / 16), sketch.constant(zero))
  }

  private func zero(_ type: ElementType) -> Tensor { Tensor(type, [], Storage([UInt8(100)])) }

  /// The model of one function of the bytes of "x", rounded to another type of bytes.
  private func model(
    from: ElementType, to: ElementType, rank: Int,
    _ function: (inout Network, ValueID) -> ValueID
  ) -> Model {
    var sketch = Network()
    let whole = bytes(&sketch, sketch.input("x", rank: rank), zero: zero(from))
    let result = function(&sketch, numbers(&sketch, whole, zero: zero(from)))
    return sketch.model(bytes(&sketch, result, zero: zero(to)), opset: 20)
  }

  private func agree(_ model: Model, _ inputs: [String: Tensor], _ name: String) throws {
    let expected = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
    #expect(try Session(model).run(inputs) == expected, "\(name)")
  }

  @Test(
    "are read from a table, and give what their kernels give",
    arguments: ["HardSwish", "Gelu", "Sigmoid", "Tanh", "LeakyRelu", "Abs", "Mish", "Elu"],
    [ElementType.uint8, .int8])
  func functions(_ type: String, from: ElementType) throws {
    for to in [ElementType.uint8, .int8] {
      let model = model(from: from, to: to, rank: 3) { $0.add(type, $1) }
      let inputs = ["x": try floats([3, 5, 7]).times(9)]
      try agree(model, inputs, type)
      #expect(try steps(model, inputs).contains("INT8 \(type)"))
    }
  }

  @Test("are read from a table where several follow each other, and behind a convolution")
  func layouts() throws {
    var sketch = Network()
    let x = bytes(&sketch, sketch.input("x", rank: 4), zero: zero(.uint8))
    let product = sketch.add(
      "Conv", numbers(&sketch, x, zero: zero(.uint8)), try sketch.weight([16, 8, 3, 3]))
    let whole = bytes(&sketch, product, zero: zero(.uint8))
    let clipped = sketch.add(
      "Clip", numbers(&sketch, whole, zero: zero(.uint8)), sketch.number(-3), sketch.number(2.5))
    let result = bytes(&sketch, sketch.add("Sigmoid", clipped), zero: zero(.int8))
    let pooled = sketch.add(
      "MaxPool", numbers(&sketch, result, zero: zero(.int8)),
      attributes: [Attribute("kernel_shape", .ints([2, 2]))])
    let model = sketch.model(bytes(&sketch, pooled, zero: zero(.int8)), opset: 20)
    let inputs = ["x": try floats([2, 8, 9, 7])]
    let a = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
    let b = try Session(model).run(inputs)
    for (name, expected) in a {
      let pairs = zip(try #require(expected.integers), try #require(b[name]?.integers))
      #expect(pairs.allSatisfy { abs($0 - $1) <= 1 })
    }
    #expect(try steps(model, inputs).contains("INT8 Clip+Sigmoid"))
  }

  @Test("that are spelled out are read from a table, unless their constants add axes")
  func spelledOut() throws {
    for rank in [2, 4] {
      let model = model(from: .uint8, to: .uint8, rank: rank) { sketch, x in
        let three = sketch.constant(Tensor(floats: [3], [1, 1, 1]))
        let sum = sketch.add("Add", x, three)
        let clipped = sketch.add("Clip", sum, sketch.number(0), sketch.number(6))
        return sketch.add("Div", sketch.add("Mul", x, clipped), sketch.number(6))
      }
      try agree(model, ["x": try floats(rank == 2 ? [4, 9] : [2, 3, 4, 5]).times(9)], "\(rank)")
    }
  }

  @Test("that others read as numbers too stay as they are")
  func sharedNumbers() throws {
    var sketch = Network()
    let x = bytes(&sketch, sketch.input("x", rank: 2), zero: zero(.uint8))
    let result = sketch.add("Sigmoid", numbers(&sketch, x, zero: zero(.uint8)))
    let model = sketch.model(bytes(&sketch, result, zero: zero(.uint8)), result, opset: 20)
    let inputs = ["x": try floats([4, 9])]
    #expect(try difference(model, inputs) < 1e-6)
    #expect(try !steps(model, inputs).contains("INT8 Sigmoid"))
  }
}

extension Tensor {
  fileprivate func times(_ factor: Float) throws -> Tensor {
    Tensor(floats: try #require(floats).map { $0 * factor }, dimensions)
  }
}
