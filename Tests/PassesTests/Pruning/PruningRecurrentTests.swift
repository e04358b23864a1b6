import IR
import Passes
import TestSupport
import Testing

/// Hidden units of recurrent layers: one row of each gate; kept indices worked out by hand.
@Suite struct PruningRecurrentTests {
  /// A layer of four units, of which 1 and 3 are strong, between a projection and a product; all
  /// weak enough that no gate saturates, which would hide faults.
  private func network(
    _ type: String, gates: Int, directions: Int = 1, inputs: Int = 0
  ) -> Model {
    var net = Network()
    let x = net.input("x", [5, 2, 6])
    let projected = net.node(
      "MatMul", "project",
      [x, net.trained("project.w", [6, 4], axis: 1, strengths: [1, 0.01, 0.01, 1])])
    let strong = Array(repeating: [0.05, 1, 0.05, 1] as [Float], count: gates).flatMap { $0 }
    var operands: [ValueID?] = [
      projected, net.trained("w", [directions, gates * 4, 4], axis: 1, strengths: strong),
      net.trained("r", [directions, gates * 4, 4]), net.trained("b", [directions, gates * 8]),
    ]
    if inputs > 4 {
      operands += [
        nil, net.trained("h", [directions, 2, 4]), net.trained("c", [directions, 2, 4]),
        net.trained("p", [directions, 12]),
      ]
    }
    let direction = directions == 2 ? "bidirectional" : "forward"
    let y = net.node(
      type, "layer", operands,
      [
        Attribute("hidden_size", .int(4)), Attribute("direction", .string(Array(direction.utf8))),
      ])
    let order = net.node("Transpose", "order", [y], [Attribute("perm", .ints([0, 2, 1, 3]))])
    let joined = net.node("Reshape", "join", [order, net.integers("to", [0, 0, -1])])
    net.output(
      net.node("MatMul", "out", [joined, net.trained("out.w", [4 * directions, 3])]))
    return net.model()
  }

  private func rows(_ units: [Int], gates: Int) -> [Int] {
    (0..<gates).flatMap { gate in units.map { gate * 4 + $0 } }
  }

  @Test(
    "A unit takes its row of every gate with it",
    arguments: [("LSTM", 4), ("GRU", 3), ("RNN", 1)] as [(String, Int)])
  func gates(type: String, count: Int) throws {
    let result = try prune(network(type, gates: count))
    #expect(result.plan.kept("w", axis: 1) == rows([1, 3], gates: count))
    #expect(result.plan.kept("r", axis: 1) == rows([1, 3], gates: count))
    #expect(result.plan.kept("r", axis: 2) == [1, 3])
    #expect(result.plan.kept("b", axis: 1) == rows([1, 3], gates: 2 * count))
    #expect(result.plan.kept("w", axis: 2) == [0, 3])
    #expect(result.plan.kept("out.w", axis: 0) == [1, 3])
    guard case .int(2)? = try result.model.node("layer").attribute("hidden_size") else {
      Issue.record("expected hidden_size 2")
      return
    }
  }

  @Test("First states and peepholes go along; both directions lose the same units")
  func states() throws {
    let result = try prune(network("LSTM", gates: 4, directions: 2, inputs: 8))
    #expect(result.plan.kept("h", axis: 2) == [1, 3])
    #expect(result.plan.kept("c", axis: 2) == [1, 3])
    #expect(result.plan.kept("p", axis: 1) == rows([1, 3], gates: 3))
    #expect(result.plan.kept("out.w", axis: 0) == [1, 3, 5, 7])
    #expect(result.model.constant("w")?.dimensions == [2, 8, 2])
  }

  @Test("A gate row from another unit is a fault that the oracle sees")
  func plantedFault() throws {
    let pruner = try Pruner(network("LSTM", gates: 4), PruningOptions(target: .ratio(0.5)))
    let result = try pruner.prune(verification: nil)
    let masked = try Oracle(surgery: result.surgery).maskedOriginal(pruner.model)
    #expect(try Verification().check(masked, result.model) != nil)
    for gate in 0..<4 {
      var broken = result.model
      let value = try #require(broken.graph.value(named: "w"))
      var floats = try #require(broken.graph[value].initializer?.floats)
      let old = try #require(network("LSTM", gates: 4).constant("w")?.floats)
      // Row of unit 1 of this gate: unit 2 instead.
      for column in 0..<2 { floats[gate * 4 + column] = old[(gate * 4 + 2) * 4 + [0, 3][column]] }
      broken.graph.setInitializer(value, Tensor(floats: floats, [1, 8, 2]))
      let error = #expect(throws: ModelError.self, "gate \(gate)") {
        try Verification().check(masked, broken)
      }
      #expect(error?.code == .verification)
    }
  }
}
