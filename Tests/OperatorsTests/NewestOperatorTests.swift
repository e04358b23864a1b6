import IR
import Operators
import TestSupport
import Testing

/// What came with opsets 27 and 28; ONNX's own cases of that release are run by `FurtherCasesTests`.
@Suite("Operators of opsets 27 and 28")
struct NewestOperatorTests {
  @Test("An operator whose schema did not change is the same one")
  func unchanged() throws {
    let x = Tensor(floats: [-1, 2], [2])
    for opset in [26, 27, 28] {
      #expect(try evaluate("Relu", opset: opset, inputs: [x])[0].floats == [0, 2])
    }
    #expect(throws: ModelError.self) { try evaluate("Relu", opset: 29, inputs: [x]) }
  }

  @Test("Signed bits are shifted; by too many, or a negative number, all of them")
  func shifts() throws {
    let x = Tensor(.int8, [4], Storage([Int8(-64), 64, -1, 5]))
    func run(_ direction: String, _ bits: [Int8]) throws -> [Int]? {
      let by = Tensor(.int8, [bits.count], Storage(bits))
      let direction = Attribute("direction", .string(Array(direction.utf8)))
      return try evaluate("BitShift", opset: 28, attributes: [direction], inputs: [x, by])[0]
        .integers
    }
    #expect(try run("RIGHT", [1]) == [-32, 32, -1, 2])
    #expect(try run("RIGHT", [8]) == [-1, 0, -1, 0])
    #expect(try run("RIGHT", [-1]) == [-1, 0, -1, 0])
    #expect(try run("LEFT", [1]) == [-128, -128, -2, 10])
    #expect(try run("LEFT", [9]) == [0, 0, 0, 0])
  }

  @Test("A remainder of zero has the divisor's sign")
  func remainders() throws {
    let a = Tensor(floats: [0, -4, 3, -3], [4]), b = Tensor(floats: [-2, 2, -2, .infinity], [4])
    let y = try #require(try evaluate("Mod", opset: 28, inputs: [a, b])[0].floats)
    #expect(y.map(\.sign) == [.minus, .plus, .minus, .plus])
    #expect(y == [0, 0, -1, .infinity])
  }

  @Test("Blocks of pixels become channels in either order")
  func spaceToDepth() throws {
    let x = Tensor(floats: (0..<8).map(Float.init), [1, 2, 2, 2])
    func run(_ mode: String) throws -> [Float]? {
      let attributes = [
        Attribute("blocksize", .int(2)), Attribute("mode", .string(Array(mode.utf8))),
      ]
      return try evaluate("SpaceToDepth", opset: 28, attributes: attributes, inputs: [x])[0].floats
    }
    #expect(try run("DCR") == [0, 4, 1, 5, 2, 6, 3, 7])
    #expect(try run("CRD") == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(throws: ModelError.self) { try run("XYZ") }
  }

  @Test("A gated activation multiplies")
  func swiGLU() throws {
    let y = try evaluate(
      "SwiGLU", opset: 28, inputs: [Tensor(floats: [0, 1], [2]), Tensor(floats: [5, 2], [2])])
    let values = try #require(y[0].floats)
    #expect(values[0] == 0 && abs(values[1] - 1.4621172) < 1e-6)
    #expect(throws: ModelError.self) {
      try evaluate(
        "SwiGLU", opset: 28, inputs: [Tensor(floats: [0, 1], [2]), Tensor(floats: [5], [1])])
    }
  }

  @Test("A causal convolution looks back, into the state too, which it hands on")
  func causal() throws {
    let x = Tensor(floats: [1, 2, 3], [1, 1, 3]), weight = Tensor(floats: [10, 1], [1, 1, 2])
    let first = try evaluate("CausalConvWithState", opset: 27, inputs: [x, weight], outputs: 2)
    #expect(first[0].floats == [1, 12, 23])
    #expect(first[1].floats == [3] && first[1].dimensions == [1, 1, 1])
    let second = try evaluate(
      "CausalConvWithState", opset: 27, inputs: [x, weight, Tensor(floats: [100], [1]), first[1]],
      outputs: 2)
    #expect(second[0].floats == [131, 112, 123])
  }

  @Test("Linear attention: a state that grows, decays, and is corrected")
  func linearAttention() throws {
    let q = Tensor(floats: [1, 1], [1, 2, 1]), k = Tensor(floats: [1, 2], [1, 2, 1])
    let v = Tensor(floats: [3, 5], [1, 2, 1])
    func run(_ rule: String, _ more: [Tensor?]) throws -> [[Float]?] {
      let attributes = [
        Attribute("q_num_heads", .int(1)), Attribute("kv_num_heads", .int(1)),
        Attribute("update_rule", .string(Array(rule.utf8))),
      ]
      return try evaluate(
        "LinearAttention", opset: 27, attributes: attributes, inputs: [q, k, v] + more, outputs: 2
      ).map(\.floats)
    }
    #expect(try run("linear", []) == [[3, 13], [13]])
    #expect(try run("linear", [Tensor(floats: [1], [1, 1, 1, 1])]) == [[4, 14], [14]])
    let none = Tensor(floats: [-.infinity, -.infinity], [1, 2, 1])
    #expect(try run("gated", [nil, none]) == [[3, 10], [10]])
    let half = Tensor(floats: [0.5, 0.5], [1, 2, 1])
    // 0.5·3 = 1.5, then 1.5 + 2·0.5·(5 − 2·1.5).
    #expect(try run("delta", [nil, nil, half]) == [[1.5, 3.5], [3.5]])
    #expect(throws: ModelError.self) { try run("delta", []) }
  }

  @Test("A range of half-precision numbers does not stand still")
  func halfRange() throws {
    func half(_ value: Float) -> Tensor {
      Tensor(.float16, [], Storage([Float16(value).bitPattern]))
    }
    let y = try evaluate("Range", opset: 27, inputs: [half(2048), half(2052), half(1)])[0]
    #expect(y.elementType == .float16)
    #expect(y.floats == [2048, 2048, 2050, 2052])
  }
}
