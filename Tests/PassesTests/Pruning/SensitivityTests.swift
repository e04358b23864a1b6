import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Cuts of one group at a time: what a switched session gives is what the cut model gives.
@Suite struct SensitivityTests {
  private func check(_ model: Model, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let pruner = try Pruner(model, PruningOptions(target: .ratio(0)))
    let probes = try pruner.sensitivity(ratios: [0.25, 0.5])
    #expect(!probes.groups.isEmpty, sourceLocation: sourceLocation)
    let shapes = try SampleShapes.first(for: model)
    let inputs = try SeededInputs.make(for: model.graph, shapes: shapes, seed: 3)
    for group in probes.groups {
      #expect(group.probes.count == 2, sourceLocation: sourceLocation)
      for probe in group.probes {
        var options = PruningOptions(target: .ratio(0))
        options.groupRatios = group.weights.map { .init(pattern: $0, ratio: probe.ratio) }
        let cut = try Pruner(model, options).prune()
        let expected = try Session(cut.model).run(inputs)
        var found: [String: Tensor] = [:]
        try probes.outputs(probe, batches: [inputs]) { _, outputs in found = outputs }
        for (name, tensor) in expected {
          let masked = try #require(found[name], sourceLocation: sourceLocation)
          let comparison = try Comparison(reference: tensor, candidate: masked)
          #expect(comparison.maxRelative < 1e-5, "\(group.weights)", sourceLocation: sourceLocation)
        }
      }
    }
  }

  @Test("Convolutions, grouped, depthwise and joined")
  func convolutions() throws {
    var net = Network()
    let x = net.input("x", [2, 3, 4, 4])
    let a = net.node("Relu", "relu", [net.conv("a", x, 3, 8, kernel: 3)])
    let b = net.conv("b", a, 8, 8, group: 2)
    let c = net.conv("c", net.conv("depthwise", a, 8, 8, kernel: 3, group: 8), 8, 8)
    let joined = net.node("Concat", "join", [b, c], [Attribute("axis", .int(1))])
    net.output(net.conv("out", joined, 16, 3))
    try check(net.model())
  }

  @Test("Removal that changes statistics, and recurrent layers")
  func statistics() throws {
    var net = Network()
    let x = net.input("x", [4, 2, 6])
    let a = net.node("MatMul", "up", [x, net.trained("up.w", [6, 8])])
    let b = net.node(
      "LayerNormalization", "norm", [a, net.trained("norm.s", [8]), net.trained("norm.b", [8])])
    let c = net.node("MatMul", "down", [b, net.trained("down.w", [8, 4])])
    let hidden = net.nodes(
      "GRU", "gru", [c, net.trained("gru.w", [1, 24, 4]), net.trained("gru.r", [1, 24, 8])],
      [Attribute("hidden_size", .int(8))], outputs: 2)[1]
    net.output(net.node("MatMul", "last", [hidden, net.trained("last.w", [8, 3])]))
    try check(net.model())
  }

  @Test("Scores say at which error a channel goes, so that a global ratio spares what is sensitive")
  func scores() throws {
    var net = Network()
    let x = net.input("x", [1, 4])
    func layer(_ name: String, _ x: ValueID) -> ValueID {
      net.gemm(name, x, 4, 4, strengths: [1, 2, 3, 4])
    }
    let a = layer("a", x)
    let b = layer("b", x)
    let sum = net.node("Add", "sum", [net.gemm("first", a, 4, 3), net.gemm("second", b, 4, 3)])
    net.output(sum)
    let model = net.model()
    let probes = try Pruner(model, PruningOptions(target: .ratio(0))).sensitivity(ratios: [0.5])
    #expect(probes.groups.map(\.weights) == [["a.w"], ["b.w"]])
    // Half of a costs a tenth of what half of b costs.
    let scores = probes.scores([probes.groups[0].index: [0.02], probes.groups[1].index: [0.2]])
    let first = try #require(scores.scores["a.w"]), second = try #require(scores.scores["b.w"])
    #expect(first == first.sorted())
    #expect(abs(first[1] - 0.02) < 1e-6)
    #expect(abs(first[3] - 0.04) < 1e-6)
    #expect(abs(second[0] - 0.1) < 1e-6)
    let result = try prune(model) {
      $0.importance = .scores
      $0.scores = scores.scores
      $0.normalizer = .none
      $0.competition = .global
    }
    #expect(result.model.constant("a.w")?.dimensions == [1, 4])
    #expect(result.model.constant("b.w")?.dimensions == [4, 4])
  }
}
