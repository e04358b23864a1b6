import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Layers divided into two.
@Suite("Low-rank factorisation") struct FactorizerTests {
  /// A weight of so many outputs that all lie in few directions.
  private func lowRank(_ net: inout Network, _ name: String, _ shape: [Int], rank: Int) -> ValueID {
    var generator = SplitMix64(seed: UInt64(name.utf8.reduce(0) { $0 + Int($1) }))
    let outputs = shape[0], length = shape.dropFirst().reduce(1, *)
    let left = (0..<outputs * rank).map { _ in generator.normal() }
    let right = (0..<rank * length).map { _ in generator.normal() * 0.2 }
    let values = (0..<outputs * length).map { place in
      (0..<rank).reduce(Float(0)) {
        $0 + left[place / length * rank + $1] * right[$1 * length + place % length]
      }
    }
    return net.graph.addInitializer(name, Tensor(floats: values, shape))
  }

  private func network(batch: Int = 2) -> Model {
    var net = Network()
    let x = net.input("x", [.known(batch), .known(3), .known(8), .known(8)])
    let wide = net.node(
      "Conv", "wide", [x, lowRank(&net, "w1", [24, 3, 3, 3], rank: 4), net.trained("b1", [24])],
      [Attribute("pads", .ints([1, 1, 1, 1]))])
    let active = net.node("Relu", "relu", [wide])
    let next = net.node(
      "Conv", "next", [active, lowRank(&net, "w2", [32, 24, 3, 3], rank: 5)],
      [Attribute("strides", .ints([2, 2]))])
    let flat = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [next])])
    let head = net.node(
      "Gemm", "head", [flat, lowRank(&net, "w3", [20, 32], rank: 3), net.trained("b3", [20])],
      [Attribute("transB", .int(1))])
    net.output(head, nil)
    return Model(graph: net.graph, opset: 17)
  }

  private func factored(
    _ model: Model, _ target: FactorOptions.Target, keep: [String] = []
  ) throws -> Factorizer.Result {
    var options = FactorOptions(target: target)
    options.keep = keep
    let factorizer = try Factorizer(model, options)
    let data = try Dataset.load("random:64", for: model, seed: 3)
    return try factorizer.factor(
      on: SampleRun(data, for: factorizer.model), options: SessionOptions(backend: .accelerated))
  }

  @Test("Layers whose results lie in few directions keep what they compute")
  func exact() throws {
    let model = network()
    let result = try factored(model, .macs(0.5))
    let divided = result.report.layers.filter { $0.rank != nil }
    #expect(divided.count > 1, "\(result.report.layers)")
    // What is seen is summed up in single precision.
    #expect(divided.allSatisfy { $0.lost < 1e-6 && $0.macs < $0.macsBefore }, "\(divided)")
    let data = try Dataset.load("random:8", for: model, seed: 9)
    #expect(try ModelComparison(model, result.model, on: data).sqnr > 80)
    let kept = result.report.layers.reduce(0) { $0 + $1.macs }
    let whole = result.report.layers.reduce(0) { $0 + $1.macsBefore }
    #expect(Double(kept) <= 0.5 * Double(whole))
    #expect(
      result.model.graph.outputs.map { result.model.graph[$0.value].name }
        == model.graph.outputs.map { model.graph[$0.value].name })
  }

  @Test("A ratio takes that much of each layer; what is kept stays whole")
  func ratio() throws {
    let result = try factored(network(), .ratio(0.6), keep: ["next"])
    for layer in result.report.layers {
      #expect(Double(layer.macs) <= 0.4 * Double(layer.macsBefore), "\(layer)")
    }
    #expect(result.report.left.contains { $0.reason == "it was asked to stay" })
    #expect(try factored(network(), .ratio(0)).report.layers.allSatisfy { $0.rank == nil })
  }

  @Test("Layers in groups stay whole, and say why")
  func groups() throws {
    var net = Network()
    let x = net.input("x", [1, 8, 6, 6])
    net.output(net.conv("depth", x, 8, 8, kernel: 3, group: 8), nil)
    let result = try factored(Model(graph: net.graph, opset: 17), .macs(1))
    #expect(result.report.layers.isEmpty)
    #expect(result.report.left.map(\.reason) == ["its channels are in groups"])
  }

  @Test("What cannot be reached is refused with what can")
  func unreachable() throws {
    let error = #expect(throws: ModelError.self) { try factored(network(), .macs(0.001)) }
    #expect(error?.message.contains("at least") ?? false)
    #expect(throws: ModelError.self) { try factored(network(), .ratio(1.5)) }
  }

  @Test("Shrinking meets its number, on channels and ranks together")
  func shrinking() throws {
    let model = network(batch: 1)
    var generator = SplitMix64(seed: 4)
    let numbers = (0..<128 * 192).map { _ in generator.normal() }
    let data = try Dataset(
      [("x", Tensor(floats: numbers, [128, 3, 8, 8]))], for: model.graph, label: "data")
    let setting = StageSetting(
      options: SessionOptions(backend: .accelerated), verification: nil, calibration: data)
    var state = ModelState(model)
    _ = try ShrinkStage(PruningOptions(target: .macs(0.5)), macs: 0.5).run(&state, setting)
    let reached = try #require(state.budget).reached
    #expect(reached <= 0.505, "\(reached)")
    #expect(state.notes.contains { $0.hasPrefix("shrink: ") }, "\(state.notes)")
    let result = try Session(state.model).run([
      "x": Tensor(floats: Array(numbers[..<192]), [1, 3, 8, 8])
    ])
    #expect(result.values.allSatisfy { $0.dimensions == [1, 20] })
  }

  @Test("Shrinking on few samples or noise divides nothing, and says so", arguments: [8, 64])
  func shrinkingBlindly(count: Int) throws {
    let model = network(batch: 1)
    let data = try Dataset.load("random:\(count)", for: model, seed: 3)
    let setting = StageSetting(
      options: SessionOptions(backend: .accelerated), verification: nil, calibration: data)
    var state = ModelState(model)
    _ = try ShrinkStage(PruningOptions(target: .macs(0.5)), macs: 0.5).run(&state, setting)
    #expect(state.notes.contains { $0.contains("no layer divided") }, "\(state.notes)")
    #expect(state.model.graph.nodeCount <= model.graph.nodeCount)
  }
}
