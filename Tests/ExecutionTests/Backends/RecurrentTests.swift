import Execution
import IR
import TestSupport
import Testing

@Suite("Recurrent layers of both backends")
struct RecurrentTests {
  private static let directions = ["forward", "reverse", "bidirectional"]

  /// A layer with 5 inputs and 20 hidden units.
  private func model(
    _ type: String, direction: String, bias: Bool, state: Bool, attributes: [Attribute]
  ) throws -> Model {
    var sketch = Network()
    let count = direction == "bidirectional" ? 2 : 1
    let rows = (type == "LSTM" ? 4 : 3) * 20
    var inputs: [ValueID?] = [
      sketch.input("x", rank: 3), try sketch.weight([count, rows, 5]),
      try sketch.weight([count, rows, 20]), bias ? try sketch.weight([count, 2 * rows]) : nil, nil,
    ]
    if state {
      inputs.append(sketch.input("h", rank: 3))
      // The first state of the cell may be left out.
      if type == "LSTM", bias { inputs.append(sketch.input("c", rank: 3)) }
    }
    let results = sketch.add(
      type, optional: inputs, outputs: type == "LSTM" ? 3 : 2,
      attributes: attributes + [
        Attribute("hidden_size", .int(20)), Attribute("direction", .string(Array(direction.utf8))),
      ])
    for value in results { sketch.output(value) }
    return sketch.model()
  }

  private func inputs(_ model: Model, _ directions: Int, steps: Int) throws -> [String: Tensor] {
    var inputs = ["x": try floats([steps, 3, 5])]
    for info in model.graph.inputs.dropFirst() {
      inputs[model.graph[info.value].name] = try floats([directions, 3, 20], seed: 7)
    }
    return inputs
  }

  @Test("agree", arguments: ["LSTM", "GRU"], directions)
  func agreement(type: String, direction: String) throws {
    let count = direction == "bidirectional" ? 2 : 1
    for (bias, state) in [(false, false), (true, false), (false, true), (true, true)] {
      for after in type == "GRU" ? [0, 1] : [0] {
        let model = try model(
          type, direction: direction, bias: bias, state: state,
          attributes: type == "GRU" ? [Attribute("linear_before_reset", .int(after))] : [])
        for steps in [1, 9] {
          let worst = try difference(model, inputs(model, count, steps: steps))
          #expect(worst < 1e-5, "bias \(bias), state \(state), after \(after), steps \(steps)")
        }
      }
    }
  }

  @Test("run again on other sequences with one session")
  func repeated() throws {
    let model = try model(
      "LSTM", direction: "bidirectional", bias: true, state: true, attributes: [])
    let session = try Session(model)
    let first = try inputs(model, 2, steps: 4)
    let once = try session.run(first)
    var other = first
    other["x"] = try floats([6, 3, 5], seed: 3)
    let between = try session.run(other)
    #expect(try session.run(first) == once)
    #expect(try Session(model).run(other) == between)
  }
}
