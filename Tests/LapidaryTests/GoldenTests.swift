import Lapidary
import TestSupport
import Testing

/// Graphs as text, so that a review shows what a change does to them.
@Suite struct GoldenTests {
  @Test func fused() throws {
    var model = try FixtureModel.load()
    _ = try PassManager(try Simplify.passes()).run(&model)
    try expectSnapshot(model.text(), "fashion.fused.txt")
  }

  @Test func pruned() throws {
    let pruner = try Pruner(try FixtureModel.load(), PruningOptions(target: .ratio(0.5)))
    let result = try pruner.prune(verification: nil)
    try expectSnapshot(result.model.text(), "fashion.pruned.txt")
  }
}
