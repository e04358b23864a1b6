import Execution
import Foundation
import IR
import ONNXFile
import Operators
import Samples
import TestSupport
import Testing

/// ONNX's conformance cases, from the package libonnx-testdata.
private let root = "/usr/share/libonnx-testdata/data"

/// What came of one case.
struct ConformanceResult: Sendable {
  /// Group and name, such as `node/test_relu`.
  let name: String
  /// Operators of the case that are not known here, sorted.
  let unknown: [String]
  /// The first thing that went wrong; nil for a case that passes or has unknown operators.
  let failure: String?
  /// What the case says of the operators that occur in it.
  let facets: [OperatorFacets]

  /// The case's group: `node`, `simple`, ….
  var group: Substring { name.prefix { $0 != "/" } }
}

/// Runs every case whose operators are all known with both backends.
@Suite("ONNX conformance", .enabled(if: FileManager.default.fileExists(atPath: root)))
struct ConformanceTests {
  static let groups = ["node", "simple", "pytorch-converted", "pytorch-operator"]

  /// All cases, run once.
  static let results: [ConformanceResult] = groups.flatMap { group in
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)")) ?? []
    return names.filter { $0.hasPrefix("test_") }.sorted().map { run("\(group)/\($0)") }
  }

  /// The manifest with what the results allow to record.
  static let manifest = ConformanceManifest.read().updated(with: results)

  /// What the project's own cases say of their operators.
  static let further: [OperatorFacets] = ["microsoft", "operators", "pruning"].flatMap { folder in
    let path = Repository.fixture(folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(".onnx") }.sorted().flatMap { name in
      (try? ONNXFile.read("\(path)/\(name)")).map(OperatorFacets.all) ?? []
    }
  }

  private static let isRecording =
    ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1"

  @Test("Each case passes or is skipped as Fixtures/conformance.txt says")
  func cases() throws {
    if Self.isRecording {
      try Self.manifest.text.write(
        toFile: ConformanceManifest.path, atomically: true, encoding: .utf8)
    }
    for line in ConformanceManifest.read().contradictions(Self.results) { Issue.record("\(line)") }
    #expect(Self.results.count > 1000)
  }

  @Test("OPERATORS.md lists every operator with its cases and facets")
  func operatorPage() throws {
    let url = Repository.root.appendingPathComponent("OPERATORS.md")
    let page = OperatorPage(results: Self.results, manifest: Self.manifest, further: Self.further)
      .text
    if try page == String(contentsOf: url, encoding: .utf8) { return }
    if Self.isRecording { try page.write(to: url, atomically: true, encoding: .utf8) }
    Issue.record("OPERATORS.md is stale; RECORD_SNAPSHOTS=1 rewrites it")
  }

  @Test("README's summary of operators and cases is that of the manifest")
  func readme() throws {
    let url = Repository.root.appendingPathComponent("README.md")
    let text = try String(contentsOf: url, encoding: .utf8)
    let start = try #require(text.range(of: "<!-- operators -->\n"))
    let end = try #require(text.range(of: "<!-- end of operators -->"))
    let expected = OperatorPage(
      results: Self.results, manifest: Self.manifest, further: Self.further
    ).summary
    guard text[start.upperBound..<end.lowerBound] != expected else { return }
    if Self.isRecording {
      let updated = text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: expected)
      try updated.write(to: url, atomically: true, encoding: .utf8)
    }
    Issue.record("README's summary of operators is stale; RECORD_SNAPSHOTS=1 rewrites it")
  }

  private static func run(_ name: String) -> ConformanceResult {
    do {
      let model = try ONNXFile.read("\(root)/\(name)/model.onnx")
      let unknown = unknownOperators(model)
      return ConformanceResult(
        name: name, unknown: unknown,
        failure: unknown.isEmpty ? failure(model, "\(root)/\(name)") : nil,
        facets: OperatorFacets.all(of: model))
    } catch {
      return ConformanceResult(name: name, unknown: [], failure: "\(error)", facets: [])
    }
  }

  static func unknownOperators(_ model: Model) -> [String] {
    let scope = OperatorScope(model)
    let nodes = model.graph.nodeIDs.map { model.graph[$0] }.filter { !scope.knows($0) }
    return Set(nodes.map { "\($0.op)" }).sorted()
  }

  /// What is wrong with the results of a case, or nil.
  static func failure(_ model: Model, _ folder: String) -> String? {
    do {
      let tolerance = try Tolerance(folder)
      let sets = try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.hasPrefix("test_data_set_") }
      for backend in bothBackends {
        let session = try Session(model, options: SessionOptions(backend: backend))
        for set in sets {
          if let failure = try failure(session, model.graph, tolerance, "\(folder)/\(set)") {
            return "\(backend.name), \(set): \(failure)"
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
