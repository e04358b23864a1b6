import IR
import Operators
import TestSupport
import Testing

/// Recurrent layers, on numbers small enough to check by hand; options are tested on fixtures.
@Suite struct RecurrentTests {
  private func tensor(_ value: Float, _ dimensions: [Int]) -> Tensor {
    Tensor(
      floats: [Float](repeating: value, count: dimensions.reduce(1, *)), dimensions)
  }

  private func activations(_ names: [String]) -> Attribute {
    Attribute("activations", .strings(names.map { Array($0.utf8) }))
  }

  @Test("RNN adds up what it reads; a shorter sequence ends in zeros")
  func plain() throws {
    let x = Tensor(floats: [1, 10, 2, 20, 3, 30], [3, 2, 1])
    let one = tensor(1, [1, 1, 1])
    let outputs = try evaluate(
      "RNN", opset: 14, attributes: [activations(["Affine"])],
      inputs: [x, one, one, nil, Tensor(.int32, [2], Storage([Int32(3), 2]))], outputs: 2)
    #expect(outputs[0] == Tensor(floats: [1, 10, 3, 30, 6, 0], [3, 1, 2, 1]))
    #expect(outputs[1] == Tensor(floats: [6, 30], [1, 2, 1]))
  }

  @Test("layout = 1 puts the batch first")
  func layout() throws {
    let x = Tensor(floats: [1, 2, 3, 10, 20, 30], [2, 3, 1])
    let one = tensor(1, [1, 1, 1])
    let outputs = try evaluate(
      "RNN", opset: 14, attributes: [activations(["Affine"]), Attribute("layout", .int(1))],
      inputs: [x, one, one], outputs: 2)
    #expect(outputs[0] == Tensor(floats: [1, 3, 6, 10, 30, 60], [2, 3, 1, 1]))
    #expect(outputs[1] == Tensor(floats: [6, 60], [2, 1, 1]))
  }

  @Test("Shapes that do not fit throw", arguments: [1, 2, 3, 5, 6, 7])
  func malformed(_ wrong: Int) throws {
    let shapes = [
      [2, 1, 3], [1, 16, 3], [1, 16, 4], [1, 32], [1], [1, 1, 4], [1, 1, 4], [1, 12],
    ]
    var inputs: [Tensor?] = shapes.map { tensor(0.5, $0) }
    inputs[4] = Tensor(.int32, [1], Storage([Int32(2)]))
    #expect(throws: Never.self) { try evaluate("LSTM", opset: 14, inputs: inputs, outputs: 3) }
    inputs[wrong] = tensor(0.5, shapes[wrong].map { $0 + 1 })
    #expect(throws: ModelError.self) { try evaluate("LSTM", opset: 14, inputs: inputs, outputs: 3) }
    #expect(throws: ModelError.self) { try infer("LSTM", opset: 14, inputs: inputs, outputs: 3) }
  }

  @Test func lengthsBeyondTheSequenceThrow() throws {
    let one = tensor(1, [1, 1, 1])
    let lengths = Tensor(.int32, [1], Storage([Int32(2)]))
    let error = #expect(throws: ModelError.self) {
      try evaluate("RNN", opset: 14, inputs: [one, one, one, nil, lengths], outputs: 2)
    }
    #expect(
      error?.message == "RNN 'test', input 4: expected lengths in [0, 1], found int32[1]")
  }
}
