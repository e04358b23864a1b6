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
  ///   - wasAsked: whether it was asked.
  ///   - notes: what is to be said of the model.
  public func report(
    _ comparison: ModelComparison?, wasAsked: Bool, notes: [String]
  ) -> Report {
    var report = Report()
    report.add(operatorTable)
    let nodes = entries.map { entry -> JSONValue in
      .object([
        "node": .string(entry.node), "integer": .bool(entry.reason == nil),
        "reason": .string(entry.reason),
      ])
    }
    report.add(data: ["nodes": .array(nodes)])
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
    report.add(notes: notes)
    return report
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
