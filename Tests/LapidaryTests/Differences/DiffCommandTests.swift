import Foundation
import Lapidary
import TestSupport
import Testing

/// `lapidary diff` as a user runs it.
@Suite struct DiffCommandTests {
  let folder: TemporaryFolder
  let fixture = Repository.fixture("fashion/fashion.onnx")

  init() throws { folder = try TemporaryFolder() }

  private func run(_ arguments: String...) throws -> (status: Int32, text: String, errors: String) {
    let outcome = try Command.run(["diff"] + arguments, in: folder.path)
    return (
      outcome.status, String(decoding: outcome.output, as: UTF8.self), outcome.errors
    )
  }

  /// The fixture, changed.
  private func write(_ name: String, _ change: (inout Model) throws -> Void) throws {
    var model = try ONNXFile.read(fixture)
    try change(&model)
    try ONNXFile.write(model, to: folder[name])
  }

  /// The fixture with its first weight changed by a factor.
  private func scaled(_ name: String, by factor: Float) throws {
    try write(name) { model in
      let id = try #require(
        model.graph.initializers.first { (model.graph[$0].initializer?.dimensions.count ?? 0) > 1 })
      let tensor = try #require(model.graph[id].initializer)
      let values = try #require(tensor.floats).map { $0 * factor }
      model.graph.setInitializer(id, Tensor(floats: values, tensor.dimensions))
    }
  }

  @Test("the interface is names, and a filter says what it looked for")
  func interface() throws {
    try write("renamed.onnx") { model in
      let old = model.graph.outputs[0]
      let added = model.graph.addValue(named: "other", type: old.type)
      let fresh = try #require(added)
      let maker = try #require(model.graph[old.value].producer)
      let slot = try #require(model.graph[maker].outputs.firstIndex(of: old.value))
      model.graph.setOutput(maker, slot: slot, to: fresh)
      let source = model.graph
      model.graph = source.withOutput(ValueInfo(fresh, type: old.type))
    }
    let renamed = try run(fixture, "renamed.onnx", "--fail-on", "io")
    #expect(renamed.status == 1, "\(renamed.errors)")
    #expect(renamed.text.contains("→ 'other'"))
    try scaled("scaled.onnx", by: 1.01)
    let filtered = try run(fixture, "scaled.onnx", "--fail-on", "io")
    #expect(filtered.status == 0)
    #expect(filtered.text.contains("no differences among: io (1 difference of other kinds)"))
  }

  @Test("tolerances, patterns and a policy file allow")
  func allowed() throws {
    try scaled("scaled.onnx", by: 1.0001)
    #expect(try run(fixture, "scaled.onnx").status == 1)
    #expect(try run(fixture, "scaled.onnx", "--weight-tolerance", "sqnr:60").status == 0)
    #expect(try run(fixture, "scaled.onnx", "--weight-tolerance", "absolute:1e-9").status == 1)
    #expect(try run(fixture, "scaled.onnx", "--ignore", "*").status == 0)
    #expect(try run(fixture, "scaled.onnx", "--ignore", "nosuch*").status == 1)
    let policy = """
      fail-on: [io, attribute, weight]
      allow:
        - where: "*"
          kinds: [weight]
          reason: retrained every night
      """
    try folder.add(".lapidary-diff.yaml", Array(policy.utf8))
    let found = try run(fixture, "scaled.onnx")
    #expect(found.status == 0)
    #expect(found.text.contains("allowed: retrained every night"))
    #expect(try run(fixture, "scaled.onnx", "--policy", "none").status == 1)
    try folder.add("bad.yaml", Array("fail_on: [io]".utf8))
    let bad = try run(fixture, "scaled.onnx", "--policy", "bad.yaml")
    #expect(bad.status == 2)
    #expect(bad.errors.contains("policy: expected one of fail-on"))
    let wrong = try run(fixture, "scaled.onnx", "--weight-tolerance", "0.1")
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains("expected relative:NUMBER"))
  }

  @Test("a compressed model is told layer by layer")
  func compressed() throws {
    let small = try Command.run(
      [
        "compress", fixture, "-o", "small.onnx", "--ratio", "0.25", "--calibration", "random:4",
        "--quiet",
      ], in: folder.path)
    #expect(small.status == 0, "\(small.errors)")
    let found = try run(fixture, "small.onnx")
    #expect(found.status == 1)
    #expect(found.text.contains("narrower"))
    #expect(found.text.contains("quantized"))
    #expect(found.text.contains("INT8 per channel, UINT8 activation per tensor; weight SQNR"))
    #expect(found.text.contains("interface unchanged"))
    let summary = try run(fixture, "small.onnx", "--summary", "--format", "json")
    #expect(summary.text.contains("\"layers\": [\n"))
    #expect(try run(fixture, "small.onnx", "--limit", "2").text.contains("more"))
    let numbers = try run(fixture, "small.onnx", "--numeric", "--format", "json")
    let json = try JSONSerialization.jsonObject(with: Data(numbers.text.utf8)) as? [String: Any]
    let rows = try #require(json?["values"] as? [[String: Any]])
    // Channels that both have are compared, but for weights that recovery changed beyond recognition.
    #expect(rows.first?["max_rel"] is Double)
    #expect(rows.count { $0["max_rel"] is Double } > rows.count * 3 / 4)
  }

  @Test("folded and unfolded models are the same modulo fold")
  func modulo() throws {
    let fused = try Command.run(["fuse", fixture, "-o", "fused.onnx", "--quiet"], in: folder.path)
    #expect(fused.status == 0, "\(fused.errors)")
    let same = try run(fixture, "fused.onnx", "--modulo", "fold,constants,identity,cse,shapes")
    #expect(same.status == 0, "\(same.text)")
    let refused = try run(fixture, fixture, "--modulo", "nosuch")
    #expect(refused.status == 2)
    #expect(refused.errors.contains("expected words among fold, constants"))
  }

  @Test("--numeric names the first value that diverges")
  func numeric() throws {
    try scaled("scaled.onnx", by: 1.01)
    let same = try run(fixture, fixture, "--numeric")
    #expect(same.status == 0, "\(same.errors)")
    #expect(same.text.contains("numbers: "))
    let moved = try run(fixture, "scaled.onnx", "--numeric", "--fail-on", "io")
    #expect(moved.status == 1)
    #expect(moved.text.contains("first divergence at "))
  }

  @Test("pages and Model Explorer's files are written, the same every time")
  func pages() throws {
    try scaled("scaled.onnx", by: 1.01)
    for name in ["1", "2"] {
      let found = try run(
        fixture, "scaled.onnx", "--html", "\(name).html", "--model-explorer", "\(name).json")
      #expect(found.status == 1, "\(found.errors)")
    }
    #expect(try folder.bytes("1.html") == folder.bytes("2.html"))
    for ending in ["json", "a.json", "b.json"] {
      #expect(try folder.bytes("1.\(ending)") == folder.bytes("2.\(ending)"))
    }
    let mapping = try JSONSerialization.jsonObject(with: Data(try folder.bytes("1.json")))
    #expect((mapping as? [String: Any])?["type"] as? String == "sync_navigation")
  }
}

extension Graph {
  /// The same graph with another output in place of its first.
  fileprivate func withOutput(_ info: ValueInfo) -> Graph {
    var graph = self
    graph.removeOutputs()
    graph.addOutput(info)
    return graph
  }
}
