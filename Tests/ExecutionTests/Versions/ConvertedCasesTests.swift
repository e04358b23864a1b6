import Foundation
import IR
import ONNXFile
import Operators
import Passes
import Testing

private let packaged = "/usr/share/libonnx-testdata/data"

/// ONNX's conformance cases in other versions of the operator set.
@Suite(
  "Converted conformance cases",
  .enabled(if: FileManager.default.fileExists(atPath: packaged)))
struct ConvertedCasesTests {
  /// A folder with more cases, such as `generate_cases.py` writes.
  private static let further = ProcessInfo.processInfo.environment["LAPIDARY_CASES"]

  /// Folders of cases that pass as they are, of operator sets 7 to 25.
  private static let cases: [(folder: String, model: Model)] = {
    var found: [(String, Model)] = []
    for root in [packaged, further].compactMap({ $0 }) {
      let paths = (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String }) ?? []
      for path in paths.sorted() where path.hasSuffix("/model.onnx") {
        let folder = "\(root)/\(path.dropLast("/model.onnx".count))"
        guard let model = try? ONNXFile.read("\(root)/\(path)"), let opset = model.opset(),
          (7...25).contains(opset), ConformanceTests.unknownOperators(model).isEmpty,
          ConformanceTests.failure(model, folder) == nil
        else { continue }
        found.append((folder, model))
      }
    }
    return found
  }()

  @Test("A case computes the same or is declined by name", arguments: [26, 21, 28, 13])
  func converted(opset: Int) throws {
    var (same, declined, moved) = (0, 0, 0)
    let conversion = try OpsetConversion(to: opset)
    for (folder, model) in Self.cases {
      let result: OpsetConversion.Result
      do {
        result = try conversion.convert(model)
      } catch {
        declined += 1
        // A decline says which node, by its output where it has no name, and why.
        #expect(error.code == .unsupported, "\(folder): \(error)")
        #expect(error.message.contains("'"), "\(folder): \(error)")
        #expect(opset < model.opset() ?? 0 || Self.ends(error), "\(folder): \(error)")
        continue
      }
      if !result.rewritten.isEmpty { moved += 1 }
      #expect(result.model.opset() == opset)
      if let failure = ConformanceTests.failure(result.model, folder) {
        Issue.record("\(folder) at \(opset): \(failure)")
      } else {
        same += 1
      }
    }
    print(
      "operator set \(opset): \(same) the same, \(moved) of them rewritten; \(declined) declined")
    #expect(same > 500)
  }

  /// Whether a decline on the way up says that something ended.
  private static func ends(_ error: ModelError) -> Bool {
    ["ended", "no later one does", "changed", "expected"].contains { error.message.contains($0) }
  }
}
