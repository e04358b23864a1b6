import IR
import TestSupport
import Testing

/// Softmax of 16-bit numbers, alone and in attention, rounds at each step of the function that ONNX
/// spells it out in. The expected numbers are NumPy's.
@Suite("Softmax of 16-bit numbers")
struct HalfSoftmaxTests {
  private let scores: [Float] = [0.5, -0.25, 1, 0.75, -1.5, 0.125]
  private let weights: [Float] = [
    0.19042969, 0.09033203, 0.31445312, 0.24511719, 0.02587891, 0.13085938,
  ]

  private func cast(_ tensor: Tensor, _ type: ElementType) throws -> Tensor {
    let to = Attribute("to", .int(Int(type.rawValue)))
    return try evaluate("Cast", opset: 13, attributes: [to], inputs: [tensor])[0]
  }

  private func narrow(_ values: [Float], _ shape: [Int]) throws -> Tensor {
    try cast(Tensor(floats: values, shape), .bfloat16)
  }

  private func floats(_ tensor: Tensor) throws -> [Float] {
    try #require(try cast(tensor, .float).floats)
  }

  private func agree(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-7 }
  }

  @Test("Softmax adds bfloat16 in bfloat16, along the last axis and along others")
  func alone() throws {
    let row = try evaluate("Softmax", opset: 13, inputs: [try narrow(scores, [1, 6])])[0]
    #expect(row.elementType == .bfloat16)
    #expect(agree(try floats(row), weights))
    let pairs = try narrow(scores.flatMap { [$0, $0] }, [6, 2])
    let columns = try evaluate(
      "Softmax", opset: 13, attributes: [Attribute("axis", .int(0))], inputs: [pairs])[0]
    #expect(agree(try floats(columns), weights.flatMap { [$0, $0] }))
  }

  @Test("Attention does the same")
  func attention() throws {
    let zeros = try narrow([Float](repeating: 0, count: 6), [1, 1, 6, 1])
    var identity = [Float](repeating: 0, count: 36)
    for i in 0..<6 { identity[i * 7] = 1 }
    let y = try evaluate(
      "Attention", opset: 23,
      inputs: [
        try narrow([0], [1, 1, 1, 1]), zeros, try narrow(identity, [1, 1, 6, 6]),
        try narrow(scores, [1, 6]),
      ])[0]
    #expect(agree(try floats(y), weights))
  }

  @Test("The weights of a long row come to one", arguments: [ElementType.bfloat16, .float16])
  func longRow(type: ElementType) throws {
    let count = 5000
    let x = try cast(Tensor(floats: [Float](repeating: 0, count: count), [1, count]), type)
    let y = try floats(try evaluate("Softmax", opset: 13, inputs: [x])[0])
    #expect(abs(y.reduce(0, +) - 1) < 0.01)
  }
}
