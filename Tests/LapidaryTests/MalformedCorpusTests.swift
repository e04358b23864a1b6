import Foundation
import Lapidary
import TestSupport
import Testing

/// Every file of `Fixtures/malformed` gets its verdict, which a golden file records.
@Suite struct MalformedCorpusTests {
  @Test func brokenModelsGetTheirVerdict() throws {
    let folder = Repository.fixture("malformed")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".onnx") }.sorted()
    #expect(names.count >= 25)
    var text = ""
    for name in names {
      let path = "\(folder)/\(name)"
      let time = processorTime { text += "\(name): \(FileText.shown(verdict(path)))\n" }
      #expect(time < 1, "\(name)")
    }
    try expectSnapshot(text, "malformed.txt")
  }

  private func verdict(_ path: String) -> String {
    do throws(ModelError) {
      let model = try ONNXFile.read(path)
      // What can be read can be written, and is then the same.
      let encoded = try ONNXFile.encode(model)
      let isSame = try ONNXFile.encode(try ONNXFile.decode(encoded)) == encoded
      let error = ModelCheck(model).error.map { ", but \($0)" } ?? ""
      return (isSame ? "read" : "read, and written otherwise") + error
    } catch {
      return error.description.replacingOccurrences(of: "\"\(path)\": ", with: "")
        .replacingOccurrences(of: Repository.root.path, with: ".")
    }
  }
}
