import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// Stages and the order in which they can stand.
@Suite struct StageTests {
  private let prune = PruneStage(PruningOptions(target: .ratio(0.5)))
  private let quantize = QuantizeStage(QuantizationOptions())

  @Test("An order in which a stage lacks what it requires is refused before anything runs")
  func order() throws {
    try ([FuseStage(), prune, RecoverStage(), quantize] as [any Stage]).check()
    for stages in [[RecoverStage()], [prune, quantize, RecoverStage()], [quantize, quantize]]
      as [[any Stage]]
    {
      #expect(throws: ModelError.self) { try stages.check() }
    }
  }

  @Test("A state forgets the types of a model that was replaced, not the original")
  func state() throws {
    var net = Network()
    let x = net.input("x", [1, 4])
    net.output(net.gemm("a", x, 4, 4))
    let first = net.model()
    var state = ModelState(first)
    _ = try state.typedGraph()
    _ = try SparsifyStage(SparsityOptions(target: .ratio(1))).run(&state, StageSetting())
    #expect(state.model.constant("a.w")?.floats?.allSatisfy { $0 == 0 } == true)
    #expect(state.original.constant("a.w")?.floats?.contains { $0 != 0 } == true)
    #expect(state.sparsity?.weights.count == 1)
    #expect(try state.typedGraph().graph.nodeCount == 1)
  }
}
