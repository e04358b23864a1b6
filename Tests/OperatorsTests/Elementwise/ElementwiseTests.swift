import IR
import Operators
import TestSupport
import Testing

@Suite("Elementwise operators")
struct ElementwiseTests {
  private func floats(_ values: Float...) -> Tensor { Tensor(floats: values, [values.count]) }

  @Test("Clip takes its bounds from attributes up to opset 10, from inputs later")
  func clip() throws {
    let x = floats(-3, -1, 0, 2, 9)
    let old = try evaluate(
      "Clip", opset: 6, attributes: [Attribute("min", .float(-1)), Attribute("max", .float(2))],
      inputs: [x])
    #expect(old[0].floats == [-1, -1, 0, 2, 2])
    let bound = Tensor(floats: [2], [])
    let new = try evaluate("Clip", opset: 13, inputs: [x, nil, bound])
    #expect(new[0].floats == [-3, -1, 0, 2, 2])
    // When the bounds cross, the upper one wins.
    let crossed = try evaluate("Clip", opset: 13, inputs: [x, Tensor(floats: [5], []), bound])
    #expect(crossed[0].floats == [2, 2, 2, 2, 2])
  }

  @Test("Clip of int64 does not lose bits in floating point")
  func clipLarge() throws {
    let big = Int.max - 1
    let result = try evaluate(
      "Clip", opset: 13,
      inputs: [Tensor(int64: [big, 0], [2]), Tensor(int64: [5], []), Tensor(int64: [.max], [])])
    #expect(result[0].integers == [big, 5])
  }

  @Test("Clip states its range only for constant bounds")
  func clipRange() throws {
    let op = try makeOperator("Clip", opset: 13, inputs: [true, true, true])
    let type = TensorType(.float, [4])
    let low = Operand(
      name: "low", type: TensorType(.float, [Int]()), constant: Tensor(floats: [0], []))
    let high = Operand(
      name: "high", type: TensorType(.float, [Int]()), constant: Tensor(floats: [6], []))
    let x = Operand(name: "x", type: type)
    guard case .clamp(0...6) = op.quantization(Inputs(label: "Clip", [x, low, high])) else {
      Issue.record("expected a clamp to 0...6")
      return
    }
    let open = Operand(name: "high", type: TensorType(.float, [Int]()))
    guard case .float = op.quantization(Inputs(label: "Clip", [x, low, open])) else {
      Issue.record("expected float")
      return
    }
  }

  @Test("Integer division truncates and does not trap")
  func integerDivision() throws {
    let a = Tensor(int64: [7, -7, 5, .min], [4])
    let b = Tensor(int64: [2, 2, 0, -1], [4])
    #expect(try evaluate("Div", opset: 14, inputs: [a, b])[0].integers == [3, -3, 0, .min])
    let overflow = try evaluate(
      "Mul", opset: 14, inputs: [Tensor(int64: [.max], [1]), Tensor(int64: [2], [1])])
    #expect(overflow[0].integers == [-2])
  }

  @Test("Mod has the sign of the divisor, with fmod that of the dividend")
  func mod() throws {
    let a = Tensor(int64: [-4, 7, 4, 5], [4]), b = Tensor(int64: [3, -3, 0, 2], [4])
    #expect(try evaluate("Mod", opset: 13, inputs: [a, b])[0].integers == [2, -2, 0, 1])
    let fmod = try evaluate(
      "Mod", opset: 13, attributes: [Attribute("fmod", .int(1))], inputs: [a, b])
    #expect(fmod[0].integers == [-1, 1, 0, 1])
  }

  @Test("Round takes halves to even")
  func round() throws {
    let result = try evaluate("Round", opset: 11, inputs: [floats(0.5, 1.5, 2.5, -0.5, -1.5)])
    #expect(result[0].floats == [0, 2, 2, 0, -2])
  }

  @Test("Pow keeps the type of the base")
  func power() throws {
    let result = try evaluate(
      "Pow", opset: 15, inputs: [Tensor(int64: [2, 3, -1, 2], [4]), floats(10, 2, 3, -1)])
    #expect(result[0].elementType == .int64)
    #expect(result[0].integers == [1024, 9, -1, 0])
  }

  @Test(
    "Broadcasting aligns shapes at the right",
    arguments: [
      ([2, 3], [3], [11, 22, 33, 14, 25, 36]),
      ([2, 3], [2, 1], [11, 12, 13, 24, 25, 26]),
      ([2, 3], [], [11, 12, 13, 14, 15, 16]),
      ([1, 2, 3], [2, 1], [11, 12, 13, 24, 25, 26]),
    ] as [([Int], [Int], [Float])])
  func broadcast(a: [Int], b: [Int], expected: [Float]) throws {
    let x = Tensor(floats: [1, 2, 3, 4, 5, 6], a)
    let y = Tensor(floats: Array([10, 20, 30].prefix(b.reduce(1, *))), b)
    let result = try evaluate("Add", opset: 14, inputs: [x, y])[0]
    #expect(result.floats == expected)
    #expect(result.dimensions == a)
    #expect(try evaluate("Add", opset: 14, inputs: [y, x])[0].floats == expected)
  }

  @Test("Shapes that do not match are an error, not a trap")
  func mismatch() {
    let a = Tensor(floats: [1, 2], [2]), b = Tensor(floats: [1, 2, 3], [3])
    #expect(throws: ModelError.self) { try evaluate("Add", opset: 14, inputs: [a, b]) }
    #expect(throws: ModelError.self) { try infer("Add", opset: 14, inputs: [a, b]) }
    let integers = Tensor(int64: [1, 2], [2])
    #expect(throws: ModelError.self) { try evaluate("Add", opset: 14, inputs: [a, integers]) }
    #expect(throws: ModelError.self) { try evaluate("Exp", opset: 13, inputs: [integers]) }
  }

  @Test("Variadic operators fold from the left and broadcast")
  func variadic() throws {
    let a = Tensor(floats: [1], [1]), b = Tensor(floats: [4, 0], [2, 1])
    let c = Tensor(floats: [2, 5], [2])
    #expect(try evaluate("Max", opset: 13, inputs: [a, b, c])[0].floats == [4, 5, 2, 5])
    #expect(try evaluate("Mean", opset: 13, inputs: [a, b, c])[0].floats?[1] == 10.0 / 3)
    #expect(try evaluate("Sum", opset: 13, inputs: [a])[0].floats == [1])
  }

  @Test("Where selects with three-way broadcasting")
  func select() throws {
    let condition = Tensor(.bool, [2, 1], Storage([UInt8(1), 0]))
    let result = try evaluate(
      "Where", opset: 16, inputs: [condition, floats(1, 2), Tensor(floats: [9], [])])[0]
    #expect(result.floats == [1, 2, 9, 9])
  }

  @Test("Casts saturate, and NaN becomes 0")
  func cast() throws {
    let x = floats(-1.9, 300, .nan, 1.9)
    let result = try evaluate(
      "Cast", opset: 13, attributes: [Attribute("to", .int(2))], inputs: [x])
    #expect(result[0].integers == [0, 255, 0, 1])
    let truth = try evaluate("Cast", opset: 13, attributes: [Attribute("to", .int(9))], inputs: [x])
    #expect(truth[0].integers == [1, 1, 1, 1])
    let half = try evaluate("Cast", opset: 13, attributes: [Attribute("to", .int(16))], inputs: [x])
    #expect(half[0].elementType == .bfloat16)
    #expect(half[0].storage?.count == 8)
    #expect(half[0].floats?[1] == 300)
  }

  @Test("Dropout passes its input and keeps everything")
  func dropout() throws {
    let x = floats(1, 2)
    let result = try evaluate("Dropout", opset: 13, inputs: [x], outputs: 2)
    #expect(result[0].floats == [1, 2])
    #expect(result[1].elementType == .bool)
    #expect(result[1].integers == [1, 1])
    let training = Tensor(.bool, [], Storage([UInt8(1)])), all = Tensor(floats: [1], [])
    #expect(throws: ModelError.self) {
      try evaluate("Dropout", opset: 13, inputs: [x, all, training])
    }
  }
}
