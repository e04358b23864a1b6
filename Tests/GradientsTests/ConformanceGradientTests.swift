import Execution
import Foundation
import Gradients
import IR
import ONNXFile
import OneDNN
import Operators
import Testing

/// ONNX's conformance cases, from the package libonnx-testdata.
private let root = "/usr/share/libonnx-testdata/data/node"
/// A folder with more cases, such as those that `Fixtures/conformance/generate_cases.py` writes.
private let further = ProcessInfo.processInfo.environment["LAPIDARY_CASES"].map { "\($0)/node" }

/// Each operator's derivative against central differences in double, on its conformance inputs.
/// Not so what rounds and passes cotangents on as if it did not (`QuantizationGradientTests`).
@Suite("Gradients", .enabled(if: FileManager.default.fileExists(atPath: root)))
struct ConformanceGradientTests {
  private func cases(
    _ folder: String, matching match: String? = nil
  ) throws -> (count: Int, operators: Set<String>) {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasPrefix("test_") && (match.map($0.contains) ?? true) }.sorted()
    var checked: Set<String> = []
    var count = 0
    for name in names {
      let path = "\(folder)/\(name)"
      guard let check = try GradientCheck(folder: path) else { continue }
      let found: (name: String, error: Double)?
      do {
        found = try check.worst() ?? GradientCheck(folder: path, onlyFirst: true)?.worst()
      } catch {
        Issue.record("\(name): \(error)")
        continue
      }
      guard let worst = found else { continue }
      count += 1
      checked.insert(check.op)
      #expect(worst.error < 1e-5, "\(name): \(worst)")
    }
    return (count, checked)
  }

  @Test(
    "Derivatives are those of central differences in further cases", .enabled(if: further != nil))
  func furtherDerivatives() throws {
    let (count, checked) = try cases(
      try #require(further), matching: ProcessInfo.processInfo.environment["LAPIDARY_CASES_MATCH"])
    print(
      "\(count) cases of \(checked.count) operators: \(checked.sorted().joined(separator: " "))")
    #expect(count > 0)
  }

  @Test("Derivatives in standard operators are those of central differences too")
  func portable() throws {
    var count = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: root).sorted()
    where name.hasPrefix("test_gather_") || name.hasPrefix("test_slice") {
      guard var check = try GradientCheck(folder: "\(root)/\(name)") else { continue }
      check.isPortable = true
      guard let worst = try check.worst() else { continue }
      count += 1
      #expect(worst.error < 1e-6, "\(name): \(worst)")
    }
    #expect(count > 3)
  }

  @Test("Derivatives are those of central differences")
  func derivatives() throws {
    let (count, checked) = try cases(root)
    for name in ["Resize", "LSTM", "GRU", "RNN"] { #expect(checked.contains(name), "\(name)") }
    #expect(count > 290, "\(count) cases")
    #expect(checked.count > 66, "\(checked.sorted())")
  }
}
