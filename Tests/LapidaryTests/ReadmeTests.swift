import Foundation
import Lapidary
import TestSupport
import Testing

/// What the README says of the library is so.
@Suite struct ReadmeTests {
  @Test("The example of the library compiles, runs, and makes the model smaller")
  func example() throws {
    let folder = try TemporaryFolder()
    let path = Repository.fixture("fashion/fashion.onnx")

    var model = try ONNXFile.read(path)
    _ = try PassManager(try Simplify.passes(), verification: Verification()).run(&model)
    let pruned = try Pruner(model, PruningOptions(target: .ratio(0.5))).prune()
    try ONNXFile.write(pruned.model, to: folder["smaller.onnx"])

    let bytes = try Data(contentsOf: URL(fileURLWithPath: path)).count
    #expect(try folder.bytes("smaller.onnx").count < bytes / 2)
  }
}
