import IR
import Passes
import TestSupport
import Testing

/// Channels that a reduction goes over: they stay, unless the caller says otherwise.
@Suite struct PruningReductionTests {
  /// A gate by the mean over channels, with the mean's axes as `keeps` says, and a scale by their
  /// root mean square.
  private func network(_ kind: String, keepsAxes: Bool) -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 4, strengths: [10, 1, 1, 10])
    let list = [
      Attribute("axes", .ints([1])), Attribute("keepdims", .int(keepsAxes ? 1 : 0)),
    ]
    var mean = net.node(kind, "mean", [a], list)
    if !keepsAxes { mean = net.node("Unsqueeze", "back", [mean, net.integers("one", [1])]) }
    net.output(net.conv("conv2", net.node("Mul", "gate", [a, mean]), 4, 2))
    return net.model()
  }

  @Test("Channels stay that a reduction goes over")
  func frozen() throws {
    let result = try prune(network("ReduceMean", keepsAxes: true))
    #expect(result.plan.kept("conv1.w") == nil)
    #expect(result.plan.reasons("conv1.w") == ["ReduceMean 'mean': reduced over"])
  }

  @Test(
    "When asked they go, and the reduction gives the result for the others",
    arguments: ["ReduceMean", "ReduceL2", "ReduceMax", "ReduceLogSumExp"])
  func cut(kind: String) throws {
    for keepsAxes in [true, false] {
      // The proof, which `prune` requires, runs the original with the reduction over channels 0 and 3.
      let model = network(kind, keepsAxes: keepsAxes)
      let result = try prune(model) { $0.choices.cutsReductions = true }
      #expect(result.plan.kept("conv1.w") == [0, 3])
      #expect(result.plan.kept("conv2.w", axis: 1) == [0, 3])
      #expect(result.plan.proof.filter { $0.kind == .select }.map(\.kept) == [[[0, 3]]])
    }
  }

  @Test("A plan states the choices that it was made with, and is replayed with them")
  func replay() throws {
    let model = network("ReduceMean", keepsAxes: true)
    let result = try prune(model) { $0.choices.cutsReductions = true }
    #expect(result.plan.choices?.cutsReductions == true)
    let plan = try PruningPlan(json: result.plan.json())
    let again = try Pruner(model, PruningOptions(target: .ratio(0))).apply(plan, modelHash: "")
    #expect(try again.plan.json() == result.plan.json())
    #expect(try again.model.run() == result.model.run())
    let plain = try prune(network("ReduceMean", keepsAxes: true)).plan
    #expect(plain.choices == nil)
  }
}
