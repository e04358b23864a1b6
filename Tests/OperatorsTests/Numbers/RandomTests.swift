import IR
import Operators
import TestSupport
import Testing

/// Random operators. The expected numbers are those of NumPy's `RandomState`.
@Suite struct RandomTests {
  private let seed = Attribute("seed", .float(42))

  private func near(_ tensor: Tensor, _ values: [Float]) -> Bool {
    guard let found = tensor.floats, found.count == values.count else { return false }
    return zip(found, values).allSatisfy { abs($0 - $1) < 1e-6 }
  }

  @Test func aSeedGivesNumPysNumbers() throws {
    let shape = Attribute("shape", .ints([3]))
    let even = try evaluate("RandomUniform", opset: 1, attributes: [seed, shape], inputs: [])[0]
    #expect(near(even, [0.374_540_12, 0.950_714_3, 0.731_993_94]))
    let normal = try evaluate("RandomNormal", opset: 1, attributes: [seed, shape], inputs: [])[0]
    #expect(near(normal, [0.496_714_15, -0.138_264_3, 0.647_688_54]))
  }

  @Test func withoutASeedResultsRepeat() throws {
    let x = Tensor(floats: [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [8])
    let first = try evaluate("Bernoulli", opset: 15, inputs: [x])[0]
    #expect(first == (try evaluate("Bernoulli", opset: 15, inputs: [x])[0]))
    #expect(first.floats?.allSatisfy { $0 == 0 || $0 == 1 } == true)
  }

  @Test func drawsKeepTheirTypes() throws {
    let x = Tensor(floats: [0, 0, 0, 0, 0, 0], [2, 3])
    let type = Attribute("dtype", .int(7))
    let count = Attribute("sample_size", .int(5))
    let drawn = try evaluate("Multinomial", opset: 7, attributes: [type, count, seed], inputs: [x])
    #expect(drawn[0].type == TensorType(.int64, [2, 5]))
    #expect(drawn[0].integers?.allSatisfy { (0..<3).contains($0) } == true)
    let half = Attribute("dtype", .int(10))
    let like = try evaluate("RandomNormalLike", opset: 1, attributes: [half], inputs: [x])[0]
    #expect(like.type == TensorType(.float16, [2, 3]))
  }

  @Test func trainingDropoutScalesWhatStays() throws {
    let x = Tensor(floats: [1, 1, 1, 1, 1, 1], [6])
    let ratio = Tensor(floats: [0.5], []), training = Tensor(.bool, [], Storage([UInt8(1)]))
    let seed = Attribute("seed", .int(42))
    let outputs = try evaluate(
      "Dropout", opset: 13, attributes: [seed], inputs: [x, ratio, training], outputs: 2)
    #expect(outputs[0].floats == [0, 2, 2, 2, 0, 0])
    #expect(outputs[1].integers == [0, 1, 1, 1, 0, 0])
  }
}
