import Lapidary
import TestSupport
import Testing

/// What runtimes take although the standard does not allow it, and what they refuse.
@Suite struct ModelCheckTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Two Relus, the second of which stands first in the file.
  private func unsorted() throws -> String {
    var net = Network()
    let x = net.input("x", [2])
    let middle = net.graph.addFreshValue("middle")
    net.output(net.node("Relu", "second", [middle]), [2])
    net.graph.add(Node("Relu", name: "first", inputs: [x], outputs: [middle]))
    try ONNXFile.write(net.model(), to: folder["unsorted.onnx"])
    return folder["unsorted.onnx"]
  }

  @Test("Nodes are put in order as a model is read, and reports say so")
  func order() throws {
    let model = try ONNXFile.read(try unsorted())
    #expect(model.graph.nodeIDs.map { model.graph[$0].name } == ["first", "second"])
    #expect(model.readingNotes.count == 1)
    let check = ModelCheck(model)
    #expect(check.error == nil)
    #expect(check.warnings == model.readingNotes)
    #expect(ModelNotes(model).lines == model.readingNotes)
    let outcome = try Command.run(["check", "unsorted.onnx"], in: folder.path)
    #expect(outcome.status == 0)
    #expect(String(decoding: outcome.output, as: UTF8.self).contains("they were put in order"))
  }

  @Test("Nodes that need each other stay as they are, and are invalid")
  func cycle() throws {
    var net = Network()
    let a = net.graph.addFreshValue("a"), b = net.graph.addFreshValue("b")
    net.graph.add(Node("Relu", name: "first", inputs: [b], outputs: [a]))
    net.graph.add(Node("Relu", name: "second", inputs: [a], outputs: [b]))
    net.output(b, [2])
    let model = try ONNXFile.decode(try ONNXFile.encode(net.model()))
    #expect(model.readingNotes.isEmpty)
    #expect(ModelCheck(model).error?.message.contains("produced later") ?? false)
  }

  private func error(_ change: (inout Model) -> Void) -> String {
    var net = Network()
    let x = net.input("x", [1, 3, 8, 8])
    let w = net.weight("w", [4, 3, 3, 3], seed: 0)
    net.output(net.node("Relu", "relu", [net.node("Conv", "conv", [x, w])]))
    var model = net.model()
    change(&model)
    return ModelCheck(model).error?.message ?? "none"
  }

  private func edit(_ model: inout Model, _ name: String, _ change: (inout Node) -> Void) {
    for id in model.graph.nodeIDs where model.graph[id].name == name { change(&model.graph[id]) }
  }

  @Test("What ONNX Runtime refuses to load is invalid")
  func refused() {
    #expect(error { _ in } == "none")
    #expect(error { $0.opsetImports = [] }.contains("at least one import"))
    #expect(
      error { edit(&$0, "relu") { $0.domain = "my.domain" } }
        .contains("import of the operator set of domain 'my.domain'"))
    #expect(error { edit(&$0, "relu") { $0.name = "conv" } }.contains("a name of its own"))
    let both = error {
      edit(&$0, "conv") {
        $0.setAttribute("auto_pad", .string(Array("VALID".utf8)))
        $0.setAttribute("pads", .ints([1, 1, 1, 1]))
      }
    }
    #expect(both.contains("'pads': expected none beside auto_pad 'VALID'"))
  }

  @Test("An invalid model is an answer: status 1, and the reason in the report")
  func status() throws {
    var net = Network()
    net.output(net.node("Relu", "relu", [net.input("x", [2])]))
    var model = net.model()
    model.opsetImports = []
    try ONNXFile.write(model, to: folder["bad.onnx"])
    let outcome = try Command.run(["check", "bad.onnx", "--format", "json"], in: folder.path)
    #expect(outcome.status == 1)
    #expect(String(decoding: outcome.output, as: UTF8.self).contains("at least one import"))
  }

  @Test("An IR version or opset that libonnx does not know is no fault")
  func newerThanLibONNX() throws {
    var net = Network()
    net.output(net.node("Relu", "relu", [net.input("x", [2])]), [2])
    #expect(try ONNXChecker.verdict(on: net.model()) == .valid)
    for model in [net.model(irVersion: 99), net.model(opset: 99)] {
      let verdict = try ONNXChecker.verdict(on: model)
      #expect(!verdict.refuses && verdict != .valid, "\(verdict)")
    }
  }

  @Test("A node of a domain without an import is carried along")
  func noImport() throws {
    var net = Network()
    let x = net.input("x", [2])
    let a = net.node("Identity", "pass", [net.node("Relu", "relu", [x])])
    net.graph.addOutput(
      ValueInfo(net.nodes("Odd", "odd", [a], domain: "my.domain", outputs: 1)[0], type: nil))
    try ONNXFile.write(net.model(), to: folder["odd.onnx"])
    let outcome = try Command.run(["fuse", "odd.onnx", "-o", "out.onnx"], in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let text = String(decoding: outcome.output, as: UTF8.self)
    #expect(text.contains("no operator set of domain 'my.domain' is imported"), "\(text)")
  }
}
