import Foundation
import Lapidary
import TestSupport
import Testing

/// What commands do with files and streams.
@Suite struct FileCommandTests {
  let folder: TemporaryFolder
  let model = Repository.fixture("fashion/fashion.onnx")

  init() throws { folder = try TemporaryFolder() }

  private func bytes(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test func modelsPassThroughStreams() throws {
    let outcome = try Command.shell(
      "cat '\(model)' | \"$LAPIDARY\" convert - -o - --quiet", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try outcome.output == bytes(model))
    for command in ["inspect", "check", "text", "groups"] {
      let outcome = try Command.shell("\"$LAPIDARY\" \(command) - < '\(model)'", in: folder.path)
      #expect(outcome.status == 0, "\(command): \(outcome.errors)")
    }
    let pruned = try Command.shell(
      "\"$LAPIDARY\" prune - -o - --ratio 0.3 --no-verify < '\(model)' | \"$LAPIDARY\" inspect -",
      in: folder.path)
    #expect(pruned.status == 0, "\(pruned.errors)")
    #expect(String(decoding: pruned.output, as: UTF8.self).contains("Parameters"))
  }

  @Test func weightsGoOutAndComeBack() throws {
    func run(_ arguments: String...) throws -> Command.Outcome {
      try Command.run(arguments, in: folder.path)
    }
    #expect(try run("convert", model, "-o", "a.onnx", "--external", "w.data").status == 0)
    #expect(try folder.names == ["a.onnx", "w.data"])
    #expect(try run("diff", model, "a.onnx").status == 0)
    // Without an option weights stay outside, in a file of the output's own.
    #expect(try run("convert", "a.onnx", "-o", "b.onnx").status == 0)
    #expect(try folder.names == ["a.onnx", "b.onnx", "b.onnx.data", "w.data"])
    #expect(try run("fuse", "b.onnx", "-o", "c.onnx").status == 0)
    #expect(try folder.names.contains("c.onnx.data"))
    #expect(try run("convert", "b.onnx", "-o", "d.onnx", "--inline").status == 0)
    #expect(try bytes(folder["d.onnx"]) == bytes(model))
    let clash = try run("convert", "a.onnx", "-o", "e.onnx", "--external", "w.data")
    #expect(clash.status == 2)
    #expect(clash.errors.contains("expected another file than the input's weights"))
    #expect(try run("diff", model, "a.onnx").status == 0)
  }

  @Test func oddTextsAreShownEscaped() throws {
    var graph = Graph(name: FileText.decode([0x67, 0xFF, 0x1B]))
    let type = ValueType.tensor(TensorType(.float, [1]))
    let name = FileText.decode([0x78, 0xC3, 0x28])
    let id = graph.addFreshValue(name, type: type)
    graph.addInput(ValueInfo(id, type: type))
    graph.addOutput(ValueInfo(id, type: type))
    try ONNXFile.write(Model(graph: graph), to: folder["m.onnx"])
    for command in ["inspect", "text"] {
      let outcome = try Command.run([command, "m.onnx"], in: folder.path)
      let text = try #require(String(validating: outcome.output, as: UTF8.self))
      #expect(outcome.status == 0)
      #expect(text.contains(#"x\xC3("#), "\(text)")
      #expect(!text.contains("\u{1B}"))
    }
    #expect(try Command.run(["convert", "m.onnx", "-o", "n.onnx"], in: folder.path).status == 0)
    #expect(try bytes(folder["n.onnx"]) == bytes(folder["m.onnx"]))
  }

  @Test func anEditThatFindsNothingWritesTheModelAndSaysSo() throws {
    let outcome = try Command.run(
      ["edit", model, "-o", "same.onnx", "--strip", "docs"], in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try bytes(folder["same.onnx"]) == bytes(model))
    let text = String(decoding: outcome.output, as: UTF8.self)
    #expect(text.contains("note: nothing changed: same.onnx is the model as it was\n"), "\(text)")
    let other = try Command.run(
      ["edit", model, "-o", "other.onnx", "--rename", "logits=scores"], in: folder.path)
    #expect(!String(decoding: other.output, as: UTF8.self).contains("nothing changed"))
  }
}

extension FileText {
  fileprivate static func decode(_ bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { decode($0) }
  }
}
