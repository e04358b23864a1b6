import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// A model that stops between layers, with little room for what it keeps.
@Suite struct StretchedRunTests {
  /// Wide values first, small ones at the end; the last node reads the input again.
  private static func model() -> Model {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 1, 8, 8])
    let wide = net.node(
      "Conv", "wide", [x, net.weight("w", [16, 1, 3, 3], seed: 1)],
      [Attribute("pads", .ints([1, 1, 1, 1]))])
    let relu = net.node("Relu", "relu", [wide])
    let pooled = net.node("GlobalAveragePool", "pool", [relu])
    let small = net.node("Conv", "small", [pooled, net.weight("v", [1, 16, 1, 1], seed: 2)])
    net.output(net.node("Add", "sum", [small, x]))
    return net.model()
  }

  private static func samples() -> SampleRun {
    let arrays = (0..<6).map { seed in
      let numbers = (0..<128).map { Float(($0 * 37 + seed * 101) % 211) / 105.5 - 1 }
      return ["x": Tensor(floats: numbers, [2, 1, 8, 8])]
    }
    return SampleRun(samples: arrays)
  }

  /// What a node up to its own computes of each batch, by its place.
  private func values(
    of name: String, stops: [String], budget: Int
  ) throws -> [Int: [Float]] {
    let model = Self.model(), graph = model.graph
    var run = try StretchedRun(
      model, on: Self.samples(), options: SessionOptions(backend: .reference), budget: budget)
    func node(_ name: String) throws -> NodeID {
      try #require(graph.nodeIDs.first { graph[$0].name == name })
    }
    for stop in stops {
      let place = try #require(run.place(of: node(stop)))
      #expect(try run.advance(to: place, in: model))
    }
    let value = try #require(graph[node(name)].outputs[0])
    var found: [Int: [Float]] = [:]
    try run.ahead(value, in: model) { batch, tensor in found[batch] = tensor.floats }
    return found
  }

  @Test("Batches that had to go are back where values are small, with the same numbers")
  func takenBack() throws {
    let stops = ["relu", "pool", "small"]
    let whole = try values(of: "sum", stops: stops, budget: 1 << 30)
    #expect(whole.count == 6)
    // One batch after the first layer takes 8,192 bytes, and 128 behind the pool.
    #expect(try values(of: "relu", stops: ["relu"], budget: 20_000).count == 2)
    #expect(try values(of: "sum", stops: stops, budget: 20_000) == whole)
    // Where six do not fit twice they stay away.
    #expect(try values(of: "sum", stops: stops, budget: 1_000).count == 1)
    #expect(
      try values(of: "wide", stops: [], budget: 0) == values(of: "wide", stops: [], budget: 1))
  }
}
