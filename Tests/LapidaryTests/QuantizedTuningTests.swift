import Lapidary
import TestSupport
import Testing

/// Integers that learn, as users ask for it.
@Suite struct QuantizedTuningTests {
  private let folder: TemporaryFolder
  private let model = Repository.fixture("fashion/fashion.onnx")
  private let samples = Repository.fixture("fashion/calibration.npz")

  init() throws { folder = try TemporaryFolder() }

  private func run(_ arguments: String...) throws -> (status: Int32, errors: String, text: String) {
    let result = try Command.run(arguments, in: folder.path)
    return (result.status, "\(result.errors)", String(decoding: result.output, as: UTF8.self))
  }

  @Test("A file of four bits learns; what is no such file, or lacks the option, is refused")
  func command() throws {
    let quantized = try run(
      "quantize", model, "-o", "q.onnx", "--calibration", samples, "--weight-bits", "4")
    #expect(quantized.status == 0, "\(quantized.errors)")
    let options = ["--teacher", model, "--data", samples, "--steps", "4"]
    let tuned = try Command.run(
      ["tune", "q.onnx", "-o", "t.onnx", "--quantized", "--format", "json"] + options,
      in: folder.path)
    #expect(tuned.status == 0, "\(tuned.errors)")
    let old = try ONNXFile.read(folder["q.onnx"]), new = try ONNXFile.read(folder["t.onnx"])
    #expect(old.graph.nodeCount == new.graph.nodeCount)
    #expect(old.contentHash() != new.contentHash())
    let bare = try Command.run(["tune", "q.onnx", "-o", "u.onnx"] + options, in: folder.path)
    #expect(bare.status != 0)
    #expect("\(bare.errors)".contains("found integers behind quantizers"), "\(bare.errors)")
    #expect("\(bare.errors)".contains("--quantized"))
    let float = try Command.run(
      ["tune", model, "-o", "u.onnx", "--quantized"] + options, in: folder.path)
    #expect(float.status != 0)
    #expect("\(float.errors)".contains("expected a model in QDQ form"), "\(float.errors)")
  }

  @Test("A recipe lets the integers learn after quantization")
  func recipe() throws {
    let model = try FixtureModel.load()
    let recipe = try Recipe(
      yaml: """
        quantize: { weight-bits: 4 }
        tune: { quantized: true, steps: 4 }
        """)
    let result = try Compression(
      model, recipe, calibration: try FixtureModel.calibration(model), evaluation: nil)
    #expect(result.stages.map(\.name).suffix(2) == ["quantized", "learned"])
    guard case .signal(let before?, let after, _, _)? = result.stages.last?.proof else {
      Issue.record("\(String(describing: result.stages.last?.proof))")
      return
    }
    #expect(after > before)
  }
}
