import IR
import Operators
import TestSupport
import Testing

@Suite("Normalisations")
struct NormalizationTests {
  private func close(_ a: [Float]?, _ b: [Float], _ tolerance: Float = 1e-5) -> Bool {
    guard let a, a.count == b.count else { return false }
    return zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test("BatchNormalization uses the stored statistics of each channel")
  func batch() throws {
    let x = Tensor(floats: [1, 2, 3, 4], [1, 2, 2])
    let inputs = [
      x, Tensor(floats: [2, 1], [2]), Tensor(floats: [10, 0], [2]), Tensor(floats: [1, 3], [2]),
      Tensor(floats: [4, 1], [2]),
    ]
    let exact = [Attribute("epsilon", .float(0))]
    let y = try evaluate("BatchNormalization", opset: 15, attributes: exact, inputs: inputs)[0]
    #expect(close(y.floats, [10, 11, 0, 1]))
    let training =
      exact + [
        Attribute("training_mode", .int(1)), Attribute("momentum", .float(0.5)),
      ]
    let outputs = try evaluate(
      "BatchNormalization", opset: 15, attributes: training, inputs: inputs, outputs: 3)
    #expect(close(outputs[0].floats, [8, 12, -1, 1]))
    #expect(close(outputs[1].floats, [1.25, 3.25]))
    #expect(close(outputs[2].floats, [2.125, 0.625]))
    #expect(throws: ModelError.self) {
      try infer(
        "BatchNormalization", opset: 15,
        inputs: [x] + Array(repeating: Tensor(floats: [1, 1, 1], [3]), count: 4))
    }
  }

  @Test("LayerNormalization returns mean and inverse deviation with the axis kept")
  func layer() throws {
    let x = Tensor(floats: [1, 3, 10, 14], [2, 2])
    let exact = [Attribute("epsilon", .float(0))]
    let inputs = [x, Tensor(floats: [1, 2], [2]), Tensor(floats: [0, 1], [2])]
    let y = try evaluate(
      "LayerNormalization", opset: 17, attributes: exact, inputs: inputs, outputs: 3)
    #expect(close(y[0].floats, [-1, 3, -1, 3]))
    #expect(y[1].floats == [2, 12])
    #expect(y[2].floats == [1, 0.5])
    let types = try infer(
      "LayerNormalization", opset: 17, attributes: exact, inputs: inputs, outputs: 3)
    #expect(types.map(\.type) == y.map(\.type))
    #expect(y[1].dimensions == [2, 1])
  }

  @Test("RMSNormalization does not take the mean out")
  func rootMeanSquare() throws {
    let y = try evaluate(
      "RMSNormalization", opset: 23, attributes: [Attribute("epsilon", .float(0))],
      inputs: [Tensor(floats: [3, 3], [1, 2]), Tensor(floats: [1, 2], [2])])
    #expect(close(y[0].floats, [1, 2]))
  }

  @Test("GroupNormalization has parameters a group at 18 and a channel at 21")
  func group() throws {
    let x = Tensor(floats: [1, 3, 5, 9], [1, 4, 1])
    let attributes = [Attribute("epsilon", .float(0)), Attribute("num_groups", .int(2))]
    let old = try evaluate(
      "GroupNormalization", opset: 18, attributes: attributes,
      inputs: [x, Tensor(floats: [1, 10], [2]), Tensor(floats: [0, 100], [2])])[0]
    #expect(close(old.floats, [-1, 1, 90, 110]))
    let new = try evaluate(
      "GroupNormalization", opset: 21, attributes: attributes,
      inputs: [x, Tensor(floats: [1, 2, 3, 4], [4]), Tensor(floats: [0, 0, 0, 1], [4])])[0]
    #expect(close(new.floats, [-1, 2, -3, 5]))
    #expect(throws: ModelError.self) {
      try evaluate(
        "GroupNormalization", opset: 21, attributes: [Attribute("num_groups", .int(3))],
        inputs: [x, Tensor(floats: [1, 2, 3, 4], [4]), Tensor(floats: [0, 0, 0, 1], [4])])
    }
  }

  @Test("InstanceNormalization treats every channel of every sample by itself")
  func instance() throws {
    let y = try evaluate(
      "InstanceNormalization", opset: 6, attributes: [Attribute("epsilon", .float(0))],
      inputs: [
        Tensor(floats: [1, 3, 10, 30], [1, 2, 2]), Tensor(floats: [1, 2], [2]),
        Tensor(floats: [0, 5], [2]),
      ])
    #expect(close(y[0].floats, [-1, 1, 3, 7]))
  }

  @Test("BatchNormalization's channels take their parameters with them")
  func batchChannels() throws {
    let op = try makeOperator(
      "BatchNormalization", opset: 15, inputs: [Bool](repeating: true, count: 5))
    let type = TensorType(.float, [1, 8, 4, 4])
    let parameters = (0..<4).map { Operand(name: "p\($0)", type: TensorType(.float, [8])) }
    let rule = op.channels(
      Inputs(label: "BN", [Operand(name: "x", type: type)] + parameters), [type])
    let partners = rule.relations.compactMap { relation -> Axis? in
      if case .same(Axis(.input(0), 1), let other) = relation { other } else { nil }
    }
    let expected = [Axis(.output(0), 1)] + (1...4).map { Axis(.input($0), 0) }
    #expect(Set(partners) == Set(expected))
  }
}
