public import Passes
public import Reports
public import Samples

extension FactorReport {
  /// What `factor` reports.
  ///
  /// - Parameters:
  ///   - comparison: how far outputs moved; nil when it was not asked or the model cannot be run.
  ///   - wasAsked: whether it was asked.
  ///   - notes: what is to be said of the model.
  public func report(
    _ comparison: ModelComparison?, wasAsked: Bool, notes: [String]
  ) -> Report {
    var report = Report()
    var table = Table(
      "layers",
      [
        .init("node"), .init("outputs", numeric: true), .init("rank", numeric: true),
        .init("macs_before", "MACs before", numeric: true), .init("macs", "MACs", numeric: true),
        .init("lost", "variance lost", numeric: true),
      ])
    for layer in layers {
      table.rows.append([
        .text(layer.node), .count(layer.outputs),
        layer.rank.map { .count($0) } ?? .missing("whole"),
        .count(layer.macsBefore), .count(layer.macs), .quantity(layer.lost, .percent, digits: 2),
      ])
    }
    let before = layers.reduce(0) { $0 + $1.macsBefore }, after = layers.reduce(0) { $0 + $1.macs }
    let all: [Cell] = [
      .text("all"), .missing(""), .missing(""), .count(before), .count(after), .missing(""),
    ]
    table.footer = ("total", all)
    report.add(table)
    report.add(
      "left",
      lines: left.map { layer -> Sentence in
        "\(.text(layer.node), key: "node") stays whole: \(.text(layer.reason), key: "reason")"
      })
    report.add(notes: notes, prefix: "")
    if layers.allSatisfy({ $0.rank == nil }) {
      report.add(warnings: ["no layer was divided"])
    }
    report.add(
      "outputs",
      lines: comparison?.outputLines {
        .init(
          word: "agreement", cell: .quantity($0.comparison.argmaxAgreement, .percent, digits: 1))
      } ?? [])
    if wasAsked && comparison == nil { report.add("comparison", notCompared) }
    return report
  }
}
