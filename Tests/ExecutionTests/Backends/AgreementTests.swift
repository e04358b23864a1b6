import Execution
import Foundation
import IR
import ONNXFile
import Samples
import TestSupport
import Testing

private let root = "/usr/share/libonnx-testdata/data"

/// Runs every case that both backends take, and compares them with each other: more closely than
/// the cases' own expectations allow.
@Suite("Backends on ONNX's cases", .enabled(if: FileManager.default.fileExists(atPath: root)))
struct AgreementTests {
  @Test(
    "the accelerated backend gives what the reference gives",
    arguments: ["node", "simple", "pytorch-converted", "pytorch-operator"])
  func cases(group: String) throws {
    var compared = 0
    let manifest = ConformanceManifest.read()
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)").sorted()
    where manifest.verdicts["\(group)/\(name)"] == .pass {
      let folder = "\(root)/\(group)/\(name)"
      let model = try ONNXFile.read("\(folder)/model.onnx")
      guard ConformanceTests.unknownOperators(model).isEmpty else { continue }
      let inputs = try ConformanceTests.inputs(model.graph, "\(folder)/test_data_set_0")
      let options = SessionOptions(backend: .reference)
      let expected = try Session(model, options: options).run(values: inputs)
      for (output, found) in try Session(model).run(values: inputs) {
        guard let a = expected[output]?.tensor, let b = found.tensor, a.elementType != .string
        else { continue }
        #expect(try Self.agree(a, b), "\(group)/\(name), output '\(output)'")
        compared += 1
      }
    }
    #expect(compared > 0)
  }

  /// Bytes may differ by one step, numbers of 16 bits by a few, others by 1e-4 of the largest.
  private static func agree(_ a: Tensor, _ b: Tensor) throws -> Bool {
    guard a.type == b.type else { return false }
    switch a.elementType {
    case .uint8, .int8:
      guard let x = a.integers, let y = b.integers else { return false }
      return zip(x, y).allSatisfy { abs($0 - $1) <= 1 }
    case .float16, .bfloat16: return try Comparison(reference: a, candidate: b).maxRelative < 1e-2
    case .float, .double: return try Comparison(reference: a, candidate: b).maxRelative < 1e-4
    default: return a == b
    }
  }
}
