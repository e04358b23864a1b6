import Foundation
import Lapidary
import TestSupport
import Testing

/// Goldens: what they accept and what they catch.
@Suite struct GoldenCommandTests {
  let folder: TemporaryFolder
  let fixture = Repository.fixture("fashion/fashion.onnx")

  init() throws { folder = try TemporaryFolder() }

  private func run(_ arguments: String...) throws -> (status: Int32, text: String, errors: String) {
    let outcome = try Command.run(arguments, in: folder.path)
    return (
      outcome.status, String(decoding: outcome.output, as: UTF8.self), outcome.errors
    )
  }

  @Test("the same model passes on both backends and any number of threads")
  func same() throws {
    let made = try run("golden", "record", fixture, "-o", "golden")
    #expect(made.status == 0, "\(made.errors)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder["golden"]).sorted()
        == ["golden.json", "graph.onnx", "graph.txt", "output_0.txt"])
    for options in [[], ["--threads", "1"], ["--backend", "reference"]] {
      let found = try Command.run(
        ["golden", "verify", fixture, "golden"] + options, in: folder.path)
      #expect(found.status == 0, "\(String(decoding: found.output, as: UTF8.self))")
    }
    #expect(try run("run", fixture, "--expect", "golden").status == 0)
    let again = try run("golden", "record", fixture, "-o", "golden")
    #expect(again.status == 0, "\(again.errors)")
  }

  @Test("given samples are kept beside the golden")
  func samples() throws {
    let data = Repository.fixture("fashion/calibration.npz")
    let made = try run("golden", "record", fixture, "-o", "golden", "--inputs", data)
    #expect(made.status == 0, "\(made.errors)")
    #expect(FileManager.default.fileExists(atPath: folder["golden/input_0.npy"]))
    #expect(try run("golden", "verify", fixture, "golden").status == 0)
  }

  @Test(
    "a planted change fails and is named",
    arguments: ["weight", "attribute", "operator", "contradiction", "output"])
  func planted(change: String) throws {
    #expect(try run("golden", "record", fixture, "-o", "golden").status == 0)
    var model = try ONNXFile.read(fixture)
    var name = ""
    switch change {
    case "weight":
      let id = try #require(
        model.graph.initializers.last { (model.graph[$0].initializer?.dimensions.count ?? 0) > 1 })
      let tensor = try #require(model.graph[id].initializer)
      var values = try #require(tensor.floats)
      values[0] *= 1.01
      model.graph.setInitializer(id, Tensor(floats: values, tensor.dimensions))
      name = model.graph[id].name
    case "attribute":
      let id = try #require(
        model.graph.nodeIDs.first { model.graph[$0].attribute("pads") != nil })
      model.graph[id].setAttribute("auto_pad", .string(Array("SAME_LOWER".utf8)))
      model.graph[id].setAttribute("pads", nil)
      name = "auto_pad"
    case "contradiction":
      // An addition behind it takes no other shape, so that the model cannot be run.
      let id = try #require(
        model.graph.nodeIDs.first { model.graph[$0].name?.hasPrefix("/residual/second") ?? false })
      model.graph[id].setAttribute("pads", .ints([0, 0, 1, 1]))
      model.graph[id].setAttribute("kernel_shape", .ints([3, 3]))
      model.graph[id].setAttribute("strides", .ints([2, 2]))
      name = "strides"
    case "operator":
      let id = try #require(model.graph.nodeIDs.first { model.graph[$0].type == "Relu" })
      model.graph[id].type = "Softplus"
      name = "Softplus"
    default:
      name = "output"
      let id = try #require(model.graph.nodeIDs.last)
      model.graph[id].name = (model.graph[id].name ?? "") + "x"
    }
    try ONNXFile.write(model, to: folder["changed.onnx"])
    let found = try run("golden", "verify", "changed.onnx", "golden")
    guard change != "output" else {
      // A node's name is nobody's business.
      #expect(found.status == 0)
      return
    }
    #expect(found.status == 1, "\(found.errors)")
    #expect(found.text.contains(name), "\(found.text)")
    #expect(found.text.contains("not as expected"))
  }

  @Test("a folder of other files is not written to, one that is no golden not read")
  func refused() throws {
    try folder.add("notes.txt", [1])
    let made = try run("golden", "record", fixture, "-o", folder.path)
    #expect(made.status == 2)
    #expect(made.errors.contains("found other files"))
    let found = try run("golden", "verify", fixture, folder.path)
    #expect(found.status == 2)
  }

  @Test(
    "expected outputs of test data are compared", arguments: ["test_add", "test_softmax_axis_1"])
  func testData(name: String) throws {
    let data = "/usr/share/libonnx-testdata/data/node/\(name)"
    let found = try run("run", "\(data)/model.onnx", "--expect", "\(data)/test_data_set_0")
    #expect(found.status == 0, "\(found.text)\(found.errors)")
    let wrong = try run(
      "run", "\(data)/model.onnx", "--expect", "\(data)/test_data_set_0", "--inputs", "random:1",
      "--seed", "7")
    #expect(wrong.status != 0)
  }
}
