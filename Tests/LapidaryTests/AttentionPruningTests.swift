import Lapidary
import TestSupport
import Testing

/// Attention operators cut by half compute what ONNX Runtime computes with heads cut by hand
/// (`Fixtures/pruning/generate.py`).
@Suite struct AttentionPruningTests {
  @Test(
    "Pruned and cut by hand are the same",
    arguments: [
      "attention_gqa", "attention_widths", "multi_head", "multi_head_bias", "attention_sizes",
      "group_query",
    ])
  func golden(name: String) throws {
    let model = try ONNXFile.read(Repository.fixture("pruning/\(name).onnx"))
    let arrays = try NPZ.read(Repository.fixture("pruning/\(name).npz"))
    let x = try #require(arrays.first { $0.name == "x" }?.tensor)
    let y = try #require(arrays.first { $0.name == "y" }?.tensor)
    var options = PruningOptions(target: .ratio(0.5))
    options.choices.attention = name == "attention_widths" ? .widths : .heads
    let pruned = try Pruner(model, options).prune()
    let difference = try #require(pruned.difference)
    #expect(difference < 1e-5)
    let found = try #require(try Session(pruned.model).run(["x": x])["y"])
    let comparison = try Comparison(reference: y, candidate: found)
    #expect(comparison.maxRelative < 1e-5)
    // The heads that went mattered little, but not nothing.
    let whole = try #require(try Session(model).run(["x": x])["y"])
    #expect(try Comparison(reference: y, candidate: whole).maxRelative > 1e-3)
  }
}
