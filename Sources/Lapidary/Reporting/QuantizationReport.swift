internal import Execution
public import Passes
public import Reports
public import Samples

/// What could not be compared, and why.
let notCompared = "not compared: the model has an operator that Lapidary cannot run"

extension Quantizer.Result {
  /// What `quantize` reports.
  ///
  /// - Parameters:
  ///   - comparison: how far outputs moved; nil when it was not asked or the model cannot be run.
  ///   - saturating: the same on a processor before VNNI; nil where it cannot differ.
  ///   - values: how far quantized values moved, the worst first.
  ///   - fallback: what was given back to float for accuracy.
  ///   - wasAsked: whether it was asked.
  ///   - notes: what is to be said of the model.
  public func report(
    _ comparison: ModelComparison?, saturating: ModelComparison? = nil,
    values: [ValueFidelity] = [], fallback: AccuracyFallback.Outcome? = nil, wasAsked: Bool,
    notes: [String]
  ) -> Report {
    var report = Report()
    report.add(operatorTable)
    let nodes = entries.map { entry -> JSONValue in
      .object([
        "node": .string(entry.node), "name": .string(entry.name),
        "operator": .string("\(entry.op)"), "output": .string(entry.output),
        "integer": .bool(entry.reason == nil), "reason": .string(entry.reason),
      ])
    }
    report.add(data: ["nodes": .array(nodes)])
    if !values.isEmpty { report.add(Self.valueTable(values)) }
    report.add(data: ["values": .array(values.map(\.json))])
    if let fallback { report.add("fallback", fallback.text) }
    if wasAsked && comparison == nil { report.add("comparison", notCompared) }
    report.add(
      "outputs",
      lines: comparison?.outputLines {
        .init(word: "cosine", cell: .quantity($0.comparison.cosine, digits: 5))
      } ?? [])
    if let comparison {
      report.add("basis", comparison.basisText)
      report.add(data: ["samples": comparison.basis, "worst_channels": comparison.worstChannels])
    }
    if let comparison, let saturating {
      // Figures that agree to a hundredth of a decibel say the same.
      let differs = abs(comparison.sqnr - saturating.sqnr) > 0.01
      if differs {
        report.add(
          "saturating_outputs",
          lines: saturating.outputLines {
            .init(word: "cosine", cell: .quantity($0.comparison.cosine, digits: 5))
          })
        report.add(
          "saturating",
          "the second figures: on a processor without VNNI, where sums of pairs of products saturate; the profile ort-x86 is right on both"
        )
      }
    }
    report.add(notes: notes)
    report.add(warnings: warning.map { [$0] } ?? [])
    return report
  }

  /// What is wrong with the whole result: nothing became integer.
  private var warning: String? {
    guard !entries.isEmpty, entries.allSatisfy({ $0.reason != nil }) else { return nil }
    let counts = Dictionary(grouping: entries.compactMap(\.reason)) { $0 }.mapValues(\.count)
    let most = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
    return "no operator is computed in integers"
      + (most.map { "; the most frequent reason: \($0.key)" } ?? "")
  }

  /// The values that lost most.
  private static func valueTable(_ values: [ValueFidelity]) -> Table {
    Table(
      "worst_values", of: Array(values.prefix(5)),
      [
        (.init("value", "worst value"), { .text($0.value) }),
        (.init("node"), { .text($0.node ?? "input") }),
        (.init("sqnr_db", "SQNR dB", numeric: true), { .quantity($0.sqnr, digits: 1) }),
        (.init("cosine", numeric: true), { .quantity($0.cosine, digits: 5) }),
        (
          .init("clipped_percent", "clipped %", numeric: true),
          { .quantity(100 * $0.clipped, digits: 3) }
        ),
        (
          .init("worst_channel", "worst channel"),
          { own in
            .text(
              own.worstChannel.map { "\($0.index), \(NumberText.decimal($0.sqnr, 1)) dB" } ?? "-")
          }
        ),
      ])
  }

  private var operatorTable: Table {
    let operators = Dictionary(grouping: entries, by: \.op.description).sorted { $0.key < $1.key }
    return Table(
      "operators", of: operators,
      [
        (.init("operator"), { .text($0.key) }),
        (.init("integer", numeric: true), { .count($0.value.count { $0.reason == nil }) }),
        (.init("float", numeric: true), { .count($0.value.count { $0.reason != nil }) }),
        (
          .init("why_float", "why float"),
          {
            let reasons = Set($0.value.compactMap(\.reason)).sorted()
            return .both(reasons.joined(separator: "; "), .strings(reasons))
          }
        ),
      ])
  }
}

extension ValueFidelity {
  fileprivate var json: JSONValue {
    .object([
      "value": .string(value), "node": .string(node), "operator": .string(op.map { "\($0)" }),
      "port": .int(port), "sqnr_db": .number(sqnr), "cosine": .number(cosine),
      "clipped": .number(clipped), "least": .number(Double(range.lowerBound)),
      "most": .number(Double(range.upperBound)),
      "worst_channel": worstChannel.map {
        .object([
          "axis": .int($0.axis), "index": .int($0.index), "sqnr_db": .number($0.sqnr),
        ])
      } ?? .null,
    ])
  }
}

extension AccuracyFallback.Outcome {
  fileprivate var text: String {
    guard !floats.isEmpty || !wide.isEmpty else { return "lost: \(after.text)" }
    return
      "lost: \(after.text), with \(floats.isEmpty ? wide.count : floats.count) layers in \(floats.isEmpty ? "16 bits" : "float") in place of \(NumberText.decimal(before.points, 2)) without: "
      + (floats.isEmpty ? wide : floats).joined(separator: ", ")
  }
}
