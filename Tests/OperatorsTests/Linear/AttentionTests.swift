import Foundation
import IR
import Operators
import TestSupport
import Testing

@Suite("Attention and what belongs to it")
struct AttentionTests {
  /// One sample, one head; keys along two axes of the plane.
  private let query = Tensor(floats: [1, 0, 0, 1], [1, 1, 2, 2])
  private let key = Tensor(floats: [2, 0, 0, 2, 1, 1], [1, 1, 3, 2])
  private let value = Tensor(floats: [1, 2, 3], [1, 1, 3, 1])
  private let plain = [Attribute("scale", .float(1))]

  private func weights(_ scores: [Double]) -> [Double] {
    let sum = scores.map { exp($0) }.reduce(0, +)
    return scores.map { exp($0) / sum }
  }

  private func close(_ a: Tensor, _ b: [Double]) -> Bool {
    guard let values = a.floats, values.count == b.count else { return false }
    return zip(values, b).allSatisfy { abs(Double($0) - $1) < 1e-6 }
  }

  @Test(
    "Scores that are infinite without a mask give no numbers; those that a mask hides give zeros")
  func infiniteScores() throws {
    let query = Tensor(floats: [-.infinity], [1, 1, 1, 1])
    let key = Tensor(floats: [1, 2], [1, 1, 2, 1]), value = Tensor(floats: [3, 4], [1, 1, 2, 1])
    let open = try evaluate("Attention", opset: 23, inputs: [query, key, value])[0]
    #expect(open.floats?[0].isNaN == true)
    let mask = Tensor(floats: [-.infinity, -.infinity], [1, 2])
    let one = Tensor(floats: [1], [1, 1, 1, 1])
    let hidden = try evaluate("Attention", opset: 23, inputs: [one, key, value, mask])[0]
    #expect(hidden.floats == [0])
  }

  @Test("Values are averaged by the softmax of products")
  func plainAttention() throws {
    let y = try evaluate(
      "Attention", opset: 23, attributes: plain, inputs: [query, key, value])[0]
    let first = weights([2, 0, 1]), second = weights([0, 2, 1])
    let expected = [first, second].map { $0[0] + 2 * $0[1] + 3 * $0[2] }
    #expect(y.dimensions == [1, 1, 2, 1])
    #expect(close(y, expected))
  }

  @Test("The scale is the inverse root of the width, and a soft cap comes before the mask")
  func scaleAndCap() throws {
    let mask = Tensor(floats: [0, -.infinity, 0], [1, 3])
    let all = try evaluate(
      "Attention", opset: 24,
      attributes: [Attribute("softcap", .float(0.5)), Attribute("qk_matmul_output_mode", .int(2))],
      inputs: [query, key, value, mask], outputs: 4)
    func capped(_ x: Double) -> Double { 0.5 * tanh(x / 2.0.squareRoot() / 0.5) }
    #expect(all[3].floats?[1] == -.infinity)
    let w = weights([capped(2), capped(1)])
    #expect(abs(Double(all[0].floats?[0] ?? 0) - (w[0] + 3 * w[1])) < 1e-6)
    #expect(all[1] == key)
    #expect(all[2] == value)
  }

  @Test("Causal attention counts from the past, and a query without keys gives zeros")
  func causal() throws {
    let causal = plain + [Attribute("is_causal", .int(1))]
    let y = try evaluate("Attention", opset: 23, attributes: causal, inputs: [query, key, value])[0]
    let w = weights([0, 2])
    #expect(close(y, [1, w[0] + 2 * w[1]]))
    // One key is no padding, and two queries end there: the first comes before it.
    let valid = Tensor(int64: [1], [1])
    let padded = try evaluate(
      "Attention", opset: 24, attributes: causal,
      inputs: [query, key, value, nil, nil, nil, valid])[0]
    #expect(close(padded, [0, 1]))
    let past = try evaluate(
      "Attention", opset: 23, attributes: causal,
      inputs: [
        query, Tensor(floats: [0, 2, 1, 1], [1, 1, 2, 2]), Tensor(floats: [2, 3], [1, 1, 2, 1]),
        nil,
        Tensor(floats: [2, 0], [1, 1, 1, 2]), Tensor(floats: [1], [1, 1, 1, 1]),
      ], outputs: 3)
    let first = weights([2, 0]), second = weights([0, 2, 1])
    #expect(
      close(past[0], [first[0] + 2 * first[1], second[0] + 2 * second[1] + 3 * second[2]]))
    #expect(past[1] == key)
  }

  @Test("A window bounds what a query sees")
  func window() throws {
    let narrow =
      plain + [
        Attribute("left_window_size", .int(0)), Attribute("right_window_size", .int(0)),
      ]
    let y = try evaluate("Attention", opset: 25, attributes: narrow, inputs: [query, key, value])[0]
    #expect(y.floats == [1, 2])
  }

  @Test("Heads that lie side by side share keys in groups")
  func groups() throws {
    let flat = Tensor(floats: [1, 2, 3, 4], [1, 1, 4])
    let keys = Tensor(floats: [1, 1], [1, 1, 2]), values = Tensor(floats: [5, 7], [1, 1, 2])
    let heads = [Attribute("q_num_heads", .int(4)), Attribute("kv_num_heads", .int(2))]
    let y = try evaluate("Attention", opset: 23, attributes: heads, inputs: [flat, keys, values])[0]
    #expect(y.floats == [5, 5, 7, 7])
    #expect(throws: ModelError.self) {
      try evaluate("Attention", opset: 23, inputs: [flat, keys, values])
    }
  }

  @Test("Rotary embedding turns pairs, split or interleaved")
  func rotary() throws {
    let x = Tensor(floats: [1, 2, 3, 4, 5], [1, 1, 1, 5])
    let cosines = Tensor(floats: [1, 1, 0, -1], [2, 2])
    let sines = Tensor(floats: [0, 0, 1, 0], [2, 2])
    let place = Tensor(int64: [1], [1, 1])
    let width = Attribute("rotary_embedding_dim", .int(4))
    let y = try evaluate(
      "RotaryEmbedding", opset: 23, attributes: [width], inputs: [x, cosines, sines, place])[0]
    #expect(y.floats == [-3, -2, 1, -4, 5])
    let z = try evaluate(
      "RotaryEmbedding", opset: 23, attributes: [width, Attribute("interleaved", .int(1))],
      inputs: [x, cosines, sines, place])[0]
    #expect(z.floats == [-2, 1, -3, -4, 5])
    #expect(throws: ModelError.self) {
      try evaluate(
        "RotaryEmbedding", opset: 23, attributes: [width],
        inputs: [x, cosines, sines, Tensor(int64: [2], [1, 1])])
    }
  }

  @Test("Cache entries are written where each sample says, around the end where told")
  func scatter() throws {
    let cache = Tensor(floats: [Float](repeating: 0, count: 6), [2, 3, 1])
    let new = Tensor(floats: [1, 2, 3, 4], [2, 2, 1])
    let y = try evaluate(
      "TensorScatter", opset: 24, inputs: [cache, new, Tensor(int64: [1, 0], [2])])[0]
    #expect(y.floats == [0, 1, 2, 3, 4, 0])
    let late = Tensor(int64: [2, 0], [2])
    let z = try evaluate(
      "TensorScatter", opset: 24, attributes: [Attribute("mode", .string(Array("circular".utf8)))],
      inputs: [cache, new, late])[0]
    #expect(z.floats == [2, 0, 1, 3, 4, 0])
    #expect(throws: ModelError.self) {
      try evaluate("TensorScatter", opset: 24, inputs: [cache, new, late])
    }
  }
}
