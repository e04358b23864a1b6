import Execution
import Foundation
import IR
import ONNXFile
import Samples
import TestSupport
import Testing

/// Operators against ONNX Runtime's results, which `Fixtures/operators/make.py` put beside the inputs.
@Suite struct OperatorFixtureTests {
  private static let folder = Repository.fixture("operators")

  static var names: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".onnx") }
        .sorted()
    }
  }

  @Test(arguments: try names)
  func givesTheResultsOfONNXRuntime(_ name: String) throws {
    let model = try ONNXFile.read("\(Self.folder)/\(name)")
    let graph = model.graph
    let results = try Session(model, options: SessionOptions(backend: .reference)).run([:])
    for info in graph.outputs {
      let output = graph[info.value].name
      let id = try #require(graph.initializers.first { graph[$0].name == "expected_\(output)" })
      let expected = try #require(graph[id].initializer)
      let found = try #require(results[output])
      #expect(found.dimensions == expected.dimensions)
      let wrong = try Comparison.mismatches(
        reference: expected, candidate: found, relative: 1e-4, absolute: 1e-6)
      #expect(wrong == 0)
    }
  }
}
