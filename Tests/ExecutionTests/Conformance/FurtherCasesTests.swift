import Foundation
import IR
import ONNXFile
import Testing

/// A folder with more cases, in the layout of libonnx-testdata.
private let folder = ProcessInfo.processInfo.environment["LAPIDARY_CASES"]

/// Cases beyond those that Debian packages, such as the ones that `generate_cases.py` writes.
@Suite("Further conformance cases", .enabled(if: folder != nil))
struct FurtherCasesTests {
  @Test("cases give the expected outputs")
  func cases() throws {
    let folder = try #require(folder)
    let match = ProcessInfo.processInfo.environment["LAPIDARY_CASES_MATCH"]
    var passed = 0, failed = 0, outside = 0
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    where path.hasSuffix("/model.onnx") && match.map({ path.contains($0) }) ?? true {
      let name = String(path.dropLast("/model.onnx".count))
      let model = try ONNXFile.read("\(folder)/\(path)")
      guard Self.isCovered(model) else {
        outside += 1
        continue
      }
      let failure =
        ConformanceTests.unknownOperators(model).isEmpty
        ? ConformanceTests.failure(model, "\(folder)/\(name)") : "unknown operators"
      guard let failure else {
        passed += 1
        continue
      }
      failed += 1
      Issue.record("\(name): \(failure)")
    }
    print(
      "\(folder): \(passed) passed, \(failed) failed, \(outside) of later operator sets or of"
        + " other domains")
    #expect(passed > 0)
  }

  /// Whether the case is of the standard domains, at an operator set that is implemented.
  private static func isCovered(_ model: Model) -> Bool {
    let isStandard = model.graph.nodeIDs.contains {
      ["", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview"].contains(model.graph[$0].op.domain)
    }
    return isStandard && model.opset() ?? 0 <= 28
  }
}
