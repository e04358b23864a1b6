import Execution
import Foundation
import IR
import ONNXFile
import Operators
import Samples
import TestSupport
import Testing

/// Inferred types are those that a run gives, with every name of a length bound.
@Suite struct InferenceAuditTests {
  /// `Fixtures/shapes`: networks with open lengths, and lengths for them.
  private static let networks: [(name: String, lengths: [[String: Int]])] = [
    (
      "decoder", [["batch": 2, "sequence": 3, "past": 5], ["batch": 1, "sequence": 4, "past": 9]]
    ),
    ("gpt", [["batch": 2, "sequence": 3, "past": 5], ["batch": 1, "sequence": 1, "past": 7]]),
    ("bert", [["batch": 3, "sequence": 6]]),
    ("unet", [["N": 2, "H": 37, "W": 45], ["N": 1, "H": 32, "W": 17]]),
    ("windows", [["N": 2, "H": 37, "W": 45], ["N": 1, "H": 31, "W": 64]]),
  ]

  @Test(
    "Every intermediate of a network with open lengths has the inferred type", arguments: networks)
  func openLengths(name: String, lengths: [[String: Int]]) throws {
    for variant in [name, name + "_dynamo"] {
      let path = Repository.fixture("shapes/\(variant).onnx")
      guard FileManager.default.fileExists(atPath: path) else { continue }
      let model = try ONNXFile.read(path)
      for lengths in lengths {
        let audit = try InferenceAudit(model, inputs: Self.inputs(model, lengths))
        #expect(audit.mismatches.isEmpty, "\(variant)")
        #expect(audit.values > 20)
      }
    }
  }

  @Test("The trained network's intermediates have the inferred types, whatever the batch")
  func fashion() throws {
    let model = try ONNXFile.read(Repository.fixture("fashion/fashion.onnx"))
    for batch in [1, 3] {
      let name = model.graph.inputs[0].type?.tensor?.shape?[0].expression?.symbol ?? ""
      let audit = try InferenceAudit(model, inputs: Self.inputs(model, [name: batch]))
      #expect(audit.mismatches.isEmpty)
    }
  }

  /// Seeded inputs: floats, small indices, masks of ones.
  private static func inputs(_ model: Model, _ lengths: [String: Int]) throws -> [String: Tensor] {
    let shapes = model.graph.requiredInputs.map { info in
      info.type?.tensor?.shape?.substituting(
        lengths.merging(exported(model, lengths)) { first, _ in first }
      ).known ?? []
    }
    return try SeededInputs.make(for: model.graph, shapes: shapes, seed: 3)
  }

  /// Lengths for names that the exporter made up (`s77`): by the position of their axis.
  private static func exported(_ model: Model, _ lengths: [String: Int]) -> [String: Int] {
    var result: [String: Int] = [:]
    let order = ["batch", "N"], second = ["sequence", "H"], third = ["past", "W"]
    func first(_ names: [String]) -> Int { names.compactMap { lengths[$0] }.first ?? 1 }
    for info in model.graph.inputs {
      let dimensions = info.type?.tensor?.shape?.dimensions ?? []
      for (axis, dimension) in dimensions.enumerated() {
        guard let name = dimension.expression?.symbol, lengths[name] == nil else { continue }
        let isCache = dimensions.count == 4 && lengths["past"] != nil
        let names = axis == 0 ? order : isCache || axis == 3 ? third : second
        result[name] = first(names)
      }
    }
    return result
  }
}
