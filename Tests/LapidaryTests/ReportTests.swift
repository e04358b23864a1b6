import Foundation
import Lapidary
import TestSupport
import Testing

/// What each command reports, in each of the three forms, on the trained network of
/// `Fixtures/fashion`. Nothing here depends on the processor.
@Suite struct ReportTests {
  private let model: Model

  init() throws { model = try FixtureModel.load() }

  /// Compares all three forms with a golden file, and requires that none says less than the text.
  private func expect(_ report: Report, _ name: String) throws {
    try expectSnapshot(
      "# text\n" + report.text + "# markdown\n" + report.markdown + "# json\n" + report.json.text,
      "reports/\(name).txt")
    expectWhole(report, name)
  }

  /// Requires that what people read in a terminal stands in Markdown and in JSON as well.
  private func expectWhole(_ report: Report, _ name: String) {
    let markdown = report.markdown, json = report.json
    let words = json.text
    func expectText(_ text: String) {
      guard !text.isEmpty else { return }
      #expect(markdown.contains(markdownEscaped(text)), "\(name): Markdown lacks '\(text)'")
    }
    for block in report.blocks {
      switch block {
      case .heading(let heading): expectText(heading.document)
      case .facts(let facts):
        for fact in facts {
          expectText(fact.text)
          for member in fact.members { #expect(json[member.key] == member.value) }
        }
      case .table(let table):
        for (row, cells) in table.rows.enumerated() {
          for (column, cell) in zip(table.columns, cells) {
            expectText(cell.text(withUnit: !column.saysUnit))
            guard case .rows(let key) = table.keying else { continue }
            guard case .array(let rows)? = json[key] else {
              Issue.record("\(name): JSON lacks '\(key)'")
              continue
            }
            #expect(rows[row][column.key] == cell.json, "\(name): \(key), \(column.key)")
          }
        }
      case .listing(let listing):
        // People have read what programs get once more.
        if listing.isForPrograms { continue }
        for entry in listing.entries { entry.cells.forEach(expectText) }
      case .sentence(let sentence):
        expectText(sentence.text)
        for member in sentence.members { #expect(json[member.key] == member.value) }
      case .statement(let key, let text, _):
        expectText(text)
        #expect(json[key] == .string(text))
      case .list(let key, _, let lines):
        for line in lines { expectText(line.text) }
        if let key, !lines.isEmpty { #expect(words.contains("\"\(key)\": [")) }
      case .data, .gap: break
      }
    }
  }

  @Test func inspect() throws {
    try expect(ModelSummary(model, title: "fashion.onnx").report, "inspect")
  }

  @Test func check() throws {
    try expect(ModelCheck(model).report(second: "valid"), "check")
  }

  @Test func infer() throws { try expect(TypedModel(model).report(notes: ["a note"]), "infer") }

  @Test func convert() throws {
    try expect(.conversion(from: "a_b.onnx", to: "c.onnx"), "convert")
  }

  @Test func fuse() throws {
    var fused = model
    let passes = try PassManager(try Simplify.passes()).run(&fused)
    let found = try FusionReport(
      before: model, after: fused, passes: passes, proof: "verified: outputs are equal",
      notes: ["a note"])
    try expect(found.report(explained: true), "fuse")
    expectWhole(FusionReport.rules(), "fuse --list")
  }

  @Test func prune() throws {
    var options = PruningOptions(target: .macs(0.001))
    options.keep = ["nosuch"]
    let result = try Pruner(model, options).prune(verification: nil)
    try expect(result.report(notes: ["a note"], proof: "not verified"), "prune")
    try expect(result.plan.report, "groups")
  }

  @Test func verifyPlan() throws {
    var found = PlanVerification.Report()
    (found.sliced, found.unchanged, found.difference) = (3, 2, 1e-3)
    found.problems = ["weight 'w': expected the slices that the plan names, found others"]
    try expect(found.report, "verify-plan")
  }

  @Test func sparsify() throws {
    var options = SparsityOptions(target: .ratio(0.5))
    options.keep = ["stem*"]
    let plan = try Sparsifier(model, options).sparsify(modelHash: "").plan
    try expect(plan.report(nil, wasAsked: true, notes: ["a note"]), "sparsify")
  }

  @Test func factor() throws {
    let report = FactorReport(
      layers: [
        .init(
          node: "Conv 'wide'", outputs: 64, rank: 20, macsBefore: 4096, macs: 2560, lost: 0.0125),
        .init(node: "Gemm 'head'", outputs: 10, rank: nil, macsBefore: 640, macs: 640, lost: 0),
      ], left: [.init(node: "Conv 'depth'", reason: "its channels are in groups")])
    try expect(report.report(nil, wasAsked: true, notes: ["a note"]), "factor")
    let none = FactorReport(layers: [], left: [])
    #expect(none.report(nil, wasAsked: false, notes: []).text.contains("no layer was divided"))
  }

  @Test("Two equal models: figures without end are texts for programs")
  func compare() throws {
    let data = try Dataset.load("random:2", for: model, seed: 0)
    let found = try ModelComparison(model, model, on: data)
    try expect(found.report(tolerance: 1e-4, notes: ["a note"]), "compare")
  }

  @Test func evaluate() throws {
    let accuracy = try Accuracy(of: model, on: try FixtureModel.test(model))
    try expect(accuracy.report(notes: []), "evaluate")
  }

  @Test func quantize() throws {
    let data = try FixtureModel.calibration(model)
    let quantizer = try Quantizer(model, QuantizationOptions())
    let result = try quantizer.quantize(try quantizer.calibrate(on: data))
    try expect(result.report(nil, wasAsked: true, notes: ["a note"]), "quantize")
    let comparison = try ModelComparison(model, result.model, on: data, limit: 16)
    expectWhole(result.report(comparison, wasAsked: true, notes: []), "quantize")
  }

  @Test func run() throws {
    let data = try Dataset.load("random:1", for: model, seed: 0)
    let results = try data.run(on: try Session(model))
    try expect(
      .run(results, of: model.graph, files: ["logits": "logits.npy"], notes: ["a note"]), "run")
  }

  @Test func sensitivity() throws {
    let data = try FixtureModel.test(model)
    let pruner = try Pruner(model, PruningOptions(target: .ratio(0)))
    let probes = try pruner.sensitivity(ratios: [0.5], options: SessionOptions())
    let found = try Sensitivity(probes, of: pruner.model, on: data, limit: 2)
    expectWhole(found.report, "sensitivity")
  }

  @Test func bench() throws {
    let found = try Latency(
      of: Repository.fixture("fashion/fashion.onnx"),
      data: { model throws(ModelError) in try Dataset.load("random:1", for: model, seed: 0) },
      runs: 2, options: SessionOptions())
    expectWhole(found.report, "bench")
    #expect(found.report.json["median_ms"] == .number(found.quantile(0.5).milliseconds))
  }

  @Test func compress() throws {
    let result = try Compression(
      model, Recipe(), calibration: try FixtureModel.calibration(model),
      evaluation: try FixtureModel.test(model))
    let report = result.report(notes: ["a note"])
    expectWhole(report, "compress")
    #expect(report.text.hasPrefix("stage "))
  }

  @Test func diffs() throws {
    let pruned = try Pruner(model, PruningOptions(target: .ratio(0.5))).prune(verification: nil)
    try expect(diff(model, pruned.model).report(), "diff")
  }

  @Test("Every key is in lower snake case", arguments: ["inspect", "prune", "diff", "quantize"])
  func keys(name: String) throws {
    let path = Repository.fixture("golden/reports/\(name).txt")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let json = try #require(text.split(separator: "# json\n").last)
    let keys = json.matches(of: #/"([^"\\]+)": /#).map { String($0.1) }
    #expect(keys.count > 5)
    #expect(keys.allSatisfy { $0.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil }, "\(keys)")
  }
}
