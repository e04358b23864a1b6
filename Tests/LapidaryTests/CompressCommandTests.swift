import Foundation
import Lapidary
import TestSupport
import Testing

/// What `compress` says of what it could not do and was not asked to do.
@Suite struct CompressCommandTests {
  private func compress(
    _ arguments: [String], in folder: TemporaryFolder
  ) throws -> (status: Int32, text: String) {
    let model = Repository.fixture("fashion/fashion.onnx")
    let result = try Command.run(
      ["compress", model, "-o", folder["x.onnx"]] + arguments, in: folder.path)
    return (result.status, String(decoding: result.output, as: UTF8.self) + result.errors)
  }

  @Test("A budget out of reach is status 1, with the nearest that can be reached")
  func budget() throws {
    let folder = try TemporaryFolder()
    let (status, text) = try compress(["--macs", "0.001"], in: folder)
    #expect(status == 1)
    #expect(text.contains("0.10 % cannot be met: the nearest that can be reached is 0.13 %"))
    #expect(FileManager.default.fileExists(atPath: folder["x.onnx"]))
    let prune = try Command.run(
      [
        "prune", Repository.fixture("fashion/fashion.onnx"), "-o", folder["y.onnx"], "--macs",
        "0.001",
      ], in: folder.path)
    #expect(prune.status == 1)
  }

  @Test("Where a Python has onnxruntime each stage is timed there too")
  func onnxruntime() throws {
    let folder = try TemporaryFolder()
    try folder.add(
      "python",
      Array(
        """
        #!/bin/sh
        case $2 in "import numpy, onnxruntime") exit 0 ;; esac
        test -s "$3/0.onnx" && test -s "$3/0.npy" && test "$5 $6 $7" = "1 7 image" || exit 1
        echo 0.00525 0.00425 0.00125 0.00425 0.00425 0.00725 0.00325
        """.utf8))
    chmod(folder["python"], 0o700)
    let arguments = [
      "compress", Repository.fixture("fashion/fashion.onnx"), "-o", folder["x.onnx"], "--ratio",
      "0.5", "--no-quantize",
    ]
    let found = try Command.run(arguments, in: folder.path, python: folder["python"])
    let lines = String(decoding: found.output, as: UTF8.self).split(separator: "\n")
    #expect(lines[0].contains(" ORT ms "))
    #expect(lines[1...3].allSatisfy { $0.contains(" 4.25 ") })
    let without = try Command.run(arguments + ["--force"], in: folder.path)
    #expect(!String(decoding: without.output, as: UTF8.self).contains("ORT ms"))
  }

  @Test("What nobody asked for is said not to be done")
  func unasked() throws {
    let folder = try TemporaryFolder()
    let (status, text) = try compress([], in: folder)
    #expect(status == 0)
    #expect(text.contains("nothing was pruned: none of --ratio, --macs, --params and --bytes"))
    #expect(text.contains("nothing was quantized: no --calibration is given"))
    #expect(text.contains("MACs counted at batch = 1"))
    let (_, silent) = try compress(["--no-prune", "--no-quantize", "--dim", "batch=3"], in: folder)
    #expect(!silent.contains("nothing was"))
    #expect(silent.contains("MACs counted at batch = 3"))
    #expect(try compress(["--dim", "nosuch=3"], in: folder).status == 2)
  }

  @Test("Patterns that fit nothing, and channels that stay, are told of")
  func patterns() throws {
    let folder = try TemporaryFolder()
    try folder.add(
      "r.yaml",
      Array(
        """
        prune: { ratio: 0.3, keep: ["nosuch*"] }
        recover: false
        quantize: { exclude: ["Softmux"] }
        data: { calibration: random:8 }
        """.utf8))
    let (status, text) = try compress(["--recipe", "r.yaml"], in: folder)
    #expect(status == 0, "\(text)")
    #expect(text.contains("'nosuch*' fits nothing") && text.contains("'Softmux' fits nothing"))
    #expect(text.contains("channels that stay: 10: graph output 'logits'"))
    #expect(text.contains("nodes compute with integers; in float 2 HardSwish: "))
  }

  @Test("JSON has the figures of each output and of the channel that lost most")
  func json() throws {
    let folder = try TemporaryFolder()
    let (_, text) = try compress(["--calibration", "random:8", "--format", "json"], in: folder)
    let json = try #require(
      JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let fidelity = try #require(json["fidelity"] as? [[String: Any]])
    #expect(fidelity.map { $0["stage"] as? String } == ["fused", "quantized"])
    let outputs = try #require(fidelity.last?["outputs"] as? [[String: Any]])
    #expect(outputs.first?["name"] as? String == "logits")
    #expect((outputs.first?["sqnr_db"] as? Double ?? 0) > 10)
    let worst = try #require(fidelity.last?["worst_channels"] as? [[String: Any]])
    #expect(worst.first?["index"] is Int)
    let stages = try #require(json["stages"] as? [[String: Any]])
    #expect(stages.allSatisfy { ($0["latency_ms"] as? Double ?? 0) > 0 })
    let float = try #require(json["float"] as? [[String: Any]])
    #expect(float.first?["operator"] as? String == "HardSwish")
  }

  @Test("The place of the weights is checked before anything runs")
  func places() throws {
    let folder = try TemporaryFolder()
    for name in ["x.onnx", "a/b", ""] {
      let (status, text) = try compress(["--external", name, "--ratio", "0.5"], in: folder)
      #expect(status == 2 && text.contains("expected a name for the external data's file"))
    }
  }
}
