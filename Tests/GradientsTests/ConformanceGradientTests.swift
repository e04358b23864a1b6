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

/// Each operator's derivative against central differences in double, on its conformance inputs.
/// Not so what rounds and passes cotangents on as if it did not (`QuantizationGradientTests`).
@Suite("Gradients", .enabled(if: FileManager.default.fileExists(atPath: root)))
struct ConformanceGradientTests {
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
    .filter { $0.hasPrefix("test_") }.sorted()

  @Test("Derivatives are those of central differences")
  func derivatives() throws {
    var checked: Set<String> = []
    var count = 0
    for name in Self.names {
      guard let check = try GradientCheck(folder: "\(root)/\(name)") else { continue }
      let found: (name: String, error: Double)?
      do {
        found =
          try check.worst() ?? GradientCheck(folder: "\(root)/\(name)", onlyFirst: true)?.worst()
      } catch {
        Issue.record("\(name): \(error)")
        continue
      }
      guard let worst = found else { continue }
      count += 1
      checked.insert(check.op)
      #expect(worst.error < 1e-5, "\(name): \(worst)")
    }
    for name in ["Resize", "LSTM", "GRU", "RNN"] { #expect(checked.contains(name), "\(name)") }
    #expect(count > 290, "\(count) cases")
    #expect(checked.count > 66, "\(checked.sorted())")
  }
}
