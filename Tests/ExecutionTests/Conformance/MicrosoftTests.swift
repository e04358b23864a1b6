import Execution
import Foundation
import IR
import ONNXFile
import Samples
import TestSupport
import Testing

/// Operators of com.microsoft against what ONNX Runtime computes: `Fixtures/microsoft/generate.py`
/// recorded it in the models themselves.
@Suite("com.microsoft")
struct MicrosoftTests {
  static let cases =
    (try? FileManager.default.contentsOfDirectory(
      atPath: Repository.fixture("microsoft")))?.filter { $0.hasSuffix(".onnx") }.sorted() ?? []

  @Test("There are cases")
  func exist() {
    #expect(Self.cases.count > 60)
  }

  @Test("Outputs are those of ONNX Runtime", arguments: cases)
  func agree(name: String) throws {
    let model = try ONNXFile.read(Repository.fixture("microsoft/\(name)"))
    let session = try Session(model, options: SessionOptions(backend: .reference))
    let results = try session.run([:])
    let constants = model.graph.initializers.compactMap { id in
      model.graph[id].initializer.map { (model.graph[id].name, $0) }
    }
    let expected = Dictionary(uniqueKeysWithValues: constants)
    for output in model.graph.outputs.map({ model.graph[$0.value].name }) {
      let found = try #require(results[output])
      let wanted = try #require(expected["expected/\(output)"])
      #expect(found.type == wanted.type, "\(output)")
      // Integers bit for bit.
      let tolerance = wanted.elementType.isInteger ? 0 : 1.0
      let wrong = try Comparison.mismatches(
        reference: wanted, candidate: found, relative: tolerance * 1e-4,
        absolute: tolerance * 1e-5)
      #expect(wrong == 0, "\(output)")
    }
  }
}
