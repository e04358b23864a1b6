import Executor
import Foundation
import IR
import ONNXFile
import Operators
import Testing

/// ONNX's conformance cases, from the package libonnx-testdata.
private let root = "/usr/share/libonnx-testdata/data"

/// Runs every case whose operators are all known with both backends.
@Suite("ONNX conformance", .enabled(if: FileManager.default.fileExists(atPath: root)))
struct ConformanceTests {
  @Test(
    "cases with known operators give the expected outputs",
    arguments: ["node", "simple", "pytorch-converted", "pytorch-operator"])
  func cases(group: String) throws {
    var passed = 0, excepted = 0, unknown = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)").sorted()
    where name.hasPrefix("test_") {
      let folder = "\(root)/\(group)/\(name)"
      let model = try ONNXFile.read("\(folder)/model.onnx")
      guard Self.isKnown(model) else {
        unknown += 1
        continue
      }
      let failure = Self.failure(model, folder)
      let reason = conformanceExceptions[String(name.dropFirst(5))]
      switch (failure, reason) {
      case (nil, nil): passed += 1
      case (_?, _?): excepted += 1
      case (let failure?, nil): Issue.record("\(group)/\(name): \(failure)")
      case (nil, let reason?):
        Issue.record("\(group)/\(name) passes, but is listed as an exception: \(reason)")
      }
    }
    print("\(group): \(passed) passed, \(excepted) excepted, \(unknown) with unknown operators")
    #expect(passed > 0)
  }

  static func isKnown(_ model: Model) -> Bool {
    let scope = OperatorScope(model)
    return model.graph.nodeIDs.allSatisfy { scope.knows(model.graph[$0]) }
  }

  /// What is wrong with the results of a case, or nil.
  static func failure(_ model: Model, _ folder: String) -> String? {
    do {
      let tolerance = try Tolerance(folder)
      let sets = try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.hasPrefix("test_data_set_") }
      for backend in Backend.allCases {
        let session = try Session(model, options: SessionOptions(backend: backend))
        for set in sets {
          if let failure = try failure(session, model.graph, tolerance, "\(folder)/\(set)") {
            return "\(backend), \(set): \(failure)"
          }
        }
      }
      return nil
    } catch {
      return "\(error)"
    }
  }

  private static func failure(
    _ session: Session, _ graph: Graph, _ tolerance: Tolerance, _ folder: String
  ) throws -> String? {
    let results = try session.run(values: try inputs(graph, folder))
    for (index, info) in graph.outputs.enumerated() {
      let expected = try ONNXFile.readValue("\(folder)/output_\(index).pb", as: info.type)
      guard let found = results[graph[info.value].name] else { return "output \(index) is missing" }
      if let difference = try tolerance.difference(expected, found) {
        return "output \(index): \(difference)"
      }
    }
    return nil
  }
}

extension ConformanceTests {
  /// The inputs of a data set.
  static func inputs(_ graph: Graph, _ folder: String) throws -> [String: Datum] {
    var inputs: [String: Datum] = [:]
    for (index, info) in graph.inputs.enumerated() {
      let path = "\(folder)/input_\(index).pb"
      guard FileManager.default.fileExists(atPath: path) else { continue }
      inputs[graph[info.value].name] = try ONNXFile.readValue(path, as: info.type)
    }
    return inputs
  }
}

/// How far results may lie from the expected ones: what the case says, or the suite's own.
private struct Tolerance {
  var relative = 1e-3
  var absolute = 1e-7

  init(_ folder: String) throws {
    let path = "\(folder)/tolerance"
    guard FileManager.default.fileExists(atPath: path) else { return }
    let numbers = try String(contentsOfFile: path, encoding: .utf8).split(
      whereSeparator: \.isWhitespace
    )
    .compactMap { Double($0) }
    (relative, absolute) = (try #require(numbers.first), try #require(numbers.last))
  }

  /// What is wrong with a result, or nil.
  func difference(_ expected: Datum, _ found: Datum) throws -> String? {
    switch (expected, found) {
    case (.sequence(let a, _), .sequence(let b, _)):
      guard a.count == b.count else { return "\(a.count) elements expected, \(b.count) found" }
      return try zip(a, b).compactMap { try difference($0, $1) }.first
    case (.optional(let a?, _), .optional(let b?, _)): return try difference(a, b)
    case (.optional(nil, _), .optional(nil, _)): return nil
    case (.tensor(let a), .tensor(let b)) where a.elementType != .string:
      let wrong = try Comparison.mismatches(
        reference: a, candidate: b, relative: relative, absolute: absolute)
      return wrong == 0 ? nil : "\(wrong) of \(a.count) elements differ"
    default: return expected == found ? nil : "\(expected) expected, \(found) found"
    }
  }
}
