import Foundation
import Lapidary
import TestSupport
import Testing

/// Sparsity, sensitivity and plans as a user meets them.
@Suite struct PruningCommandTests {
  let folder: TemporaryFolder
  let model = Repository.fixture("fashion/fashion.onnx")
  let test = Repository.fixture("fashion/test.npz")

  init() throws { folder = try TemporaryFolder() }

  private func run(_ arguments: String...) throws -> Command.Outcome {
    try Command.run(arguments, in: folder.path)
  }

  private func json(_ outcome: Command.Outcome) throws -> [String: Any] {
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
  }

  @Test("sparsify: the report counts the zeros of the file, and says how far the outputs moved")
  func sparsify() throws {
    let report = try json(
      try run("sparsify", model, "-o", "sparse.onnx", "--pattern", "2:4", "--format", "json"))
    #expect(report["schema"] as? Int == 2)
    let weights = try #require(report["weights"] as? [[String: Any]])
    let sparse = try ONNXFile.read(folder["sparse.onnx"])
    for row in weights {
      let name = try #require(row["weight"] as? String)
      let value = try #require(sparse.graph.value(named: name))
      let floats = try #require(sparse.graph[value].initializer?.floats)
      #expect(floats.count { $0 == 0 } == row["zeros"] as? Int, "\(name)")
    }
    // 22 convolutions, two of them depthwise, and a product.
    #expect(weights.count == 21)
    let outputs = try #require(report["outputs"] as? [[String: Any]])
    let sqnr = try #require(outputs.first?["sqnr_db"] as? Double)
    #expect(sqnr > 0 && sqnr < 60)
    #expect(try run("sparsify", model, "-o", "again.onnx", "--pattern", "2:4").status == 0)
    #expect(try folder.bytes("again.onnx") == folder.bytes("sparse.onnx"))
    let text = try run("sparsify", model, "-o", "kept.onnx", "--ratio", "0.5", "--keep", "stem*")
    let lines = String(decoding: text.output, as: UTF8.self)
    #expect(lines.contains("'stem.conv.weight' stays as it is: kept as asked by 'stem*'"))
  }

  @Test("sparsify: a plan replays to the same bytes; wrong usage is refused")
  func sparsityPlan() throws {
    let first = try run(
      "sparsify", model, "-o", "a.onnx", "--ratio", "0.6", "--importance", "wanda", "--calibration",
      "random:4", "--plan", "plan.json")
    #expect(first.status == 0, "\(first.errors)")
    let second = try run("sparsify", model, "-o", "b.onnx", "--apply-plan", "plan.json")
    #expect(second.status == 0, "\(second.errors)")
    #expect(try folder.bytes("a.onnx") == folder.bytes("b.onnx"))
    let other = try run("sparsify", "a.onnx", "-o", "c.onnx", "--apply-plan", "plan.json")
    #expect(other.status == 2 && other.errors.contains("expected a plan for model"))
    for arguments in [
      ["--ratio", "2"], ["--pattern", "4:2"], ["--pattern", "2"], [], ["--importance", "wanda"],
      ["--ratio", "0.5", "--pattern", "2:4"], ["--ratio", "0.5", "--importance", "wanda"],
      ["--pattern", "2:4", "--scope", "global"],
    ] {
      let outcome = try Command.run(
        ["sparsify", model, "-o", "x.onnx"] + arguments, in: folder.path)
      #expect(outcome.status == 64, "\(arguments)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder["x.onnx"]))
  }

  @Test("sensitivity: a table, and scores that prune takes")
  func sensitivity() throws {
    let report = try json(
      try run(
        "sensitivity", model, "--calibration", test, "--samples", "16", "--ratios", "0.25,0.75",
        "-o",
        "scores.json", "--format", "json"))
    #expect(report["schema"] as? Int == 1)
    #expect(report["samples"] as? Int == 16)
    let groups = try #require(report["groups"] as? [[String: Any]])
    #expect(groups.count == 14)
    for group in groups {
      let cuts = try #require(group["cuts"] as? [[String: Any]])
      #expect(cuts.count == 2)
      let decibels = cuts.compactMap { $0["sqnr_db"] as? Double }
      #expect(decibels.count == 2 && decibels[0] > decibels[1], "\(group)")
      #expect(cuts.allSatisfy { $0["top1"] is Double })
    }
    let again = try run(
      "sensitivity", model, "--calibration", test, "--samples", "16", "--ratios", "0.25,0.75", "-o",
      "again.json", "--threads", "1")
    #expect(again.status == 0, "\(again.errors)")
    #expect(try folder.bytes("again.json") == folder.bytes("scores.json"))

    #expect(try run("prune", model, "-o", "local.onnx", "--macs", "0.6").status == 0)
    let pruned = try run(
      "prune", model, "-o", "global.onnx", "--macs", "0.6", "--scores", "scores.json", "--scope",
      "global")
    #expect(pruned.status == 0, "\(pruned.errors)")
    #expect(try folder.bytes("local.onnx") != folder.bytes("global.onnx"))
  }

  @Test("A plan of another model, a broken one and one that names other weights are refused")
  func wrongPlans() throws {
    #expect(try run("prune", model, "--ratio", "0.3", "--plan-only", "plan.json").status == 0)
    let text = String(decoding: try folder.bytes("plan.json"), as: UTF8.self)
    try folder.add("cut.json", Array(text.utf8.prefix(1000)))
    try folder.add(
      "renamed.json", Array(text.replacing("stem.conv.weight", with: "stem.weight").utf8))
    try folder.add(
      "newer.json", Array(text.replacing("\"schema\" : 1", with: "\"schema\" : 9").utf8))
    for (name, message) in [
      ("cut.json", "expected a pruning plan"), ("renamed.json", "'stem.weight'"),
      ("newer.json", "schema 1"), ("nowhere.json", "nowhere.json"),
    ] {
      let outcome = try run("prune", model, "-o", "out.onnx", "--apply-plan", name)
      #expect(outcome.status == 2, "\(name)")
      #expect(outcome.errors.contains(message), "\(name): \(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(name): \(outcome.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder["out.onnx"]))
  }

  @Test("A pattern that fits nothing is said to")
  func unmatchedPatterns() throws {
    let outcome = try run(
      "prune", model, "-o", "out.onnx", "--ratio", "0.5", "--keep", "stem*", "--keep", "stern*",
      "--group-ratio", "tail*=0.3", "--no-verify")
    let text = String(decoding: outcome.output, as: UTF8.self)
    #expect(text.contains("'stern*' fits nothing"), "\(text)")
    #expect(text.contains("'tail*' fits nothing"), "\(text)")
    #expect(!text.contains("'stem*' fits nothing"), "\(text)")
  }

  @Test("verify-plan finds a changed weight and a plan that does not fit")
  func certificate() throws {
    let made = try run("prune", model, "-o", "cut.onnx", "--ratio", "0.5", "--plan", "plan.json")
    #expect(made.status == 0, "\(made.errors)")
    #expect(try run("verify-plan", model, "cut.onnx", "plan.json").status == 0)
    var changed = try ONNXFile.read(folder["cut.onnx"])
    let value = try #require(changed.graph.value(named: "stem.conv.weight"))
    var tensor = try #require(changed.graph[value].initializer)
    var floats = try #require(tensor.floats)
    floats[0] += 1
    tensor = Tensor(floats: floats, tensor.dimensions)
    changed.graph.setInitializer(value, tensor)
    try ONNXFile.write(changed, to: folder["changed.onnx"])
    let found = try run("verify-plan", model, "changed.onnx", "plan.json")
    #expect(found.status == 1)
    let text = String(decoding: found.output, as: UTF8.self) + found.errors
    #expect(text.contains("stem.conv.weight"), "\(text)")
    #expect(try run("verify-plan", "cut.onnx", model, "plan.json").status == 1)
  }
}
