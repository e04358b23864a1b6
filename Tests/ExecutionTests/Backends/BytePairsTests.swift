import Execution
import IR
import TestSupport
import Testing

/// Sums of products of bytes, on processors whose sums of pairs saturate too.
@Suite("Pairs of products of bytes")
struct BytePairsTests {
  /// Bytes that pairs of weights are made of.
  enum Weights: String, CaseIterable, Sendable {
    /// No two neighbours whose products with 255 exceed 16 bits, but some that would with a third.
    case safe
    /// All bytes.
    case all

    func values(_ count: Int, seed: Int) -> [Int8] {
      let pairs: [(Int8, Int8)] = [(64, 64), (-64, -64), (64, -64), (-64, 64), (63, 64)]
      return (0..<count).map { index in
        let pair = pairs[(index / 2 * 7 + seed) % pairs.count]
        let safe = index % 2 == 0 ? pair.0 : pair.1
        return self == .safe ? safe : Int8(truncatingIfNeeded: index * 37 + seed * 11 + 127)
      }
    }
  }

  /// Runs of the largest and least activations, so that pairs of both signs add up.
  private func activations(_ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor(.uint8, shape, Storage((0..<count).map { UInt8($0 / 5 % 3 == 2 ? 0 : 255) }))
  }

  private func bytes(_ shape: [Int], _ weights: Weights, seed: Int) -> Tensor {
    let values = weights.values(shape.reduce(1, *), seed: seed)
    return Tensor(.int8, shape, Storage(values.map { UInt8(bitPattern: $0) }))
  }

  private func agree(
    _ type: String, _ x: [Int], _ w: [Int], _ weights: Weights, _ attributes: [Attribute] = []
  ) throws {
    for seed in 0..<3 {
      var sketch = Network()
      let data = sketch.input("x", TensorType(.uint8, Shape(x)))
      let result = sketch.add(
        type, data, sketch.constant(bytes(w, weights, seed: seed)), attributes: attributes)
      let model = sketch.model(result)
      let inputs = ["x": activations(x)]
      let expected = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
      #expect(try Session(model).run(inputs) == expected, "\(type) \(x) \(w) \(weights) \(seed)")
    }
  }

  @Test("products of matrices are exact", arguments: Weights.allCases)
  func products(_ weights: Weights) throws {
    for (k, n) in [(1, 4), (2, 3), (7, 16), (64, 33), (255, 8)] {
      try agree("MatMulInteger", [9, k], [k, n], weights)
    }
  }

  @Test("convolutions are exact", arguments: Weights.allCases, [1, 3])
  func convolutions(_ weights: Weights, kernel: Int) throws {
    for (channels, outputs, group) in [
      (1, 8, 1), (3, 16, 1), (4, 4, 1), (5, 9, 1), (8, 16, 2), (16, 32, 1), (17, 8, 1), (6, 6, 2),
      (8, 8, 8), (13, 13, 13), (32, 32, 32), (4, 8, 4),
    ] {
      try agree(
        "ConvInteger", [2, channels, 9, 8], [outputs, channels / group, kernel, kernel], weights,
        [Attribute("group", .int(group)), Attribute("pads", .ints([1, 1, 1, 1]))])
    }
  }

  @Test("weights without a pair that saturates are multiplied as bytes before VNNI")
  func joins() throws {
    var sketch = Network()
    let byte = { (value: UInt8) in Tensor(.uint8, [], Storage([value])) }
    let scale = sketch.number(1 / 64), zero = sketch.constant(byte(120))
    let x = sketch.add(
      "DequantizeLinear", sketch.add("QuantizeLinear", sketch.input("x", rank: 4), scale, zero),
      scale, zero)
    let weight = sketch.add(
      "DequantizeLinear", sketch.constant(bytes([16, 3, 3, 3], .safe, seed: 1)),
      sketch.number(1 / 512))
    let model = sketch.model(
      sketch.add("QuantizeLinear", sketch.add("Conv", x, weight), sketch.number(0.5), zero))
    let names = try steps(model, ["x": try floats([1, 3, 9, 8])])
    #expect(names.contains("INT8 Conv") == SessionOptions().arrangesChannels, "\(names)")
  }
}
