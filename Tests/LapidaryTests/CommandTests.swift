import Foundation
import Lapidary
import TestSupport
import Testing

/// The command as a user runs it: exit status, one clear line, nothing left behind.
@Suite struct CommandTests {
  let folder: TemporaryFolder
  let model = Repository.fixture("fashion/fashion.onnx")

  init() throws { folder = try TemporaryFolder() }

  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  /// Runs the built command in the folder.
  private func lapidary(_ arguments: String...) throws -> Outcome {
    let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let process = Process()
    process.executableURL = tests.appendingPathComponent("lapidary")
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    let output = Pipe(), errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: complaint, as: UTF8.self))
  }

  @Test("A thousand runs of one session hold no more memory than the first hundred")
  func steadyMemory() throws {
    let outcome = try lapidary("bench", model, "--runs", "1000", "--format", "json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    // The smallest tensor of this network that a run could lose is 40 bytes, most are over 10 kB.
    #expect(try #require(report["growth_bytes"] as? Int) < 1 << 20)
    #expect(try #require(report["median_ms"] as? Double) > 0)
    #expect(try #require(report["operators"] as? [[String: Any]]).count > 1)
  }

  @Test("Broken input: status 2, one line, no output file")
  func brokenInput() throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: model))
    try folder.add("cut.onnx", [UInt8](bytes.prefix(bytes.count / 2)))
    try folder.add("text.onnx", Array("a letter to nobody\n".utf8))
    try folder.add("empty.onnx", [])
    for name in ["cut.onnx", "text.onnx", "empty.onnx", ".", "nowhere.onnx"] {
      let outcome = try lapidary("fuse", name, "-o", "out.onnx")
      #expect(outcome.status == 2, "\(name)")
      #expect(outcome.errors.hasPrefix("error: fuse: "), "\(name): \(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(name): \(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder["out.onnx"]), "\(name)")
    }
  }

  @Test("Data that does not fit: status 2, one line, no output file")
  func wrongData() throws {
    try NPZ.write([("picture", Tensor(floats: [1], [1]))], to: folder["missing.npz"])
    try NPZ.write(
      [("image", Tensor(floats: [Float](repeating: 0, count: 48), [1, 3, 4, 4]))],
      to: folder["shape.npz"])
    for name in ["missing.npz", "shape.npz"] {
      let outcome = try lapidary("quantize", model, "-o", "out.onnx", "--calibration", name)
      #expect(outcome.status == 2, "\(name)")
      #expect(outcome.errors.contains("'image'"), "\(name): \(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(name): \(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder["out.onnx"]), "\(name)")
    }
  }

  @Test(
    "A typo in an option is named, although what it was meant to be is then missing",
    arguments: [
      "prune --raito 0.5 m -o p": "Unknown option '--raito'",
      "prune --importance wanda --calibratoin d m -o p": "Unknown option '--calibratoin'",
      "fuse --otuput x m": "Unknown option '--otuput'",
      "sparsify --ratoi 0.5 m -o p": "Unknown option '--ratoi'",
      "quantize --calibratoin d m -o p": "Unknown option '--calibratoin'",
    ])
  func typo(line: String, complaint: String) throws {
    let outcome = try Command.shell("$LAPIDARY \(line)", in: folder.path)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(complaint), "\(outcome.errors)")
  }

  @Test(
    "What is missing is named, with the command's usage",
    arguments: [
      "prune m -o p": "expected one of --ratio", "fuse m": "expected a model and --output",
      "prune --importance wanda --ratio 0.5 m -o p": "needs --calibration",
      "sparsify m -o p": "expected one of --ratio",
      "quantize m -o p": "expected --calibration, --statistics or --apply-plan",
    ])
  func missing(line: String, complaint: String) throws {
    let outcome = try Command.shell("$LAPIDARY \(line)", in: folder.path)
    let name = line.prefix { $0 != " " }
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(complaint), "\(outcome.errors)")
    #expect(outcome.errors.contains("Usage: lapidary \(name) "), "\(outcome.errors)")
    #expect(outcome.errors.contains("See 'lapidary \(name) --help'"), "\(outcome.errors)")
  }

  @Test("A command that there is not, and what it may have been meant to be")
  func unknownCommand() throws {
    let near = try lapidary("inpsect", model)
    #expect(near.status == 64)
    #expect(near.errors.contains("no command is called 'inpsect'. Did you mean 'inspect'?"))
    let far = try lapidary("frobnicate", model)
    #expect(far.status == 64)
    #expect(far.errors.contains("'frobnicate'") && !far.errors.contains("mean"))
  }

  @Test func usage() throws {
    #expect(try lapidary("prune", model).status == 64)
    #expect(try lapidary("frobnicate").status == 64)
    #expect(try lapidary("prune", model, "-o", "x.onnx", "--ratio", "2").status == 64)
    #expect(try lapidary("--help").status == 0)
  }

  @Test("The input is not replaced without --force")
  func force() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: model)))
    try folder.add("model.onnx", bytes)
    let refused = try lapidary("fuse", "model.onnx", "-o", "./model.onnx")
    #expect(refused.status == 2 && refused.errors.contains("--force"))
    #expect(try folder.bytes("model.onnx") == bytes)
    #expect(try lapidary("fuse", "model.onnx", "-o", "model.onnx", "--force").status == 0)
    #expect(try folder.bytes("model.onnx") != bytes)
  }

  @Test("diff says 0 for the same, 1 for a difference, 2 for trouble")
  func diffStatus() throws {
    #expect(try lapidary("convert", model, "-o", "same.onnx").status == 0)
    #expect(try lapidary("diff", model, "same.onnx").status == 0)
    #expect(try lapidary("fuse", model, "-o", "fused.onnx").status == 0)
    #expect(try lapidary("diff", model, "fused.onnx").status == 1)
    #expect(try lapidary("diff", model, "nowhere.onnx").status == 2)
  }

  @Test func evaluateAndCompare() throws {
    let data = Repository.fixture("fashion/test.npz")
    let accuracy = try lapidary("evaluate", model, "--data", data, "--format", "json")
    #expect(accuracy.output.contains("\"top1\": 0.94"), "\(accuracy.output)")
    #expect(try lapidary("fuse", model, "-o", "fused.onnx").status == 0)
    #expect(try lapidary("compare", model, "fused.onnx", "--inputs", "random:8").status == 0)
    #expect(try lapidary("prune", model, "-o", "cut.onnx", "--ratio", "0.5").status == 0)
    #expect(try lapidary("compare", model, "cut.onnx").status == 1)
  }

  @Test("A plan replays to the same bytes and is refused for another model")
  func plan() throws {
    #expect(try lapidary("prune", model, "--ratio", "0.3", "--plan-only", "plan.json").status == 0)
    #expect(try lapidary("prune", model, "--ratio", "0.3", "-o", "a.onnx").status == 0)
    #expect(try lapidary("prune", model, "--apply-plan", "plan.json", "-o", "b.onnx").status == 0)
    #expect(try folder.bytes("a.onnx") == folder.bytes("b.onnx"))
    let other = try lapidary("prune", "a.onnx", "--apply-plan", "plan.json", "-o", "c.onnx")
    #expect(other.status == 2 && other.errors.contains("expected a plan for model"))
  }

  @Test("Models pass through standard input and output")
  func streams() throws {
    let outcome = try lapidary("convert", model, "-o", "-", "--quiet")
    #expect(outcome.status == 0)
    #expect(!outcome.output.isEmpty)
  }

  @Test("An unknown operator is worked around, and running it is an error that names it")
  func unknownOperator() throws {
    var network = try FixtureModel.load()
    // The pooling becomes something that nobody knows.
    let pool = try #require(
      network.graph.nodeIDs.first { network.graph[$0].type == "MaxPool" })
    network.graph[pool].type = "Pile"
    network.graph[pool].domain = "com.acme"
    network.opsetImports.append(OpsetImport(domain: "com.acme", version: 1))
    try ONNXFile.write(network, to: folder["odd.onnx"])
    for arguments in [
      ["fuse", "odd.onnx", "-o", "1.onnx"],
      ["prune", "odd.onnx", "-o", "2.onnx", "--ratio", "0.5"],
      ["quantize", "odd.onnx", "-o", "3.onnx", "--calibration", "random:2"],
    ] {
      let outcome =
        arguments.count == 4
        ? try lapidary(arguments[0], arguments[1], arguments[2], arguments[3])
        : try lapidary(
          arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("com.acme.Pile"), "\(outcome.output)")
    }
    let run = try lapidary("run", "odd.onnx", "--inputs", "random:1", "-o", "outputs")
    #expect(run.status == 2 && run.errors.contains("com.acme.Pile"))
  }
}
