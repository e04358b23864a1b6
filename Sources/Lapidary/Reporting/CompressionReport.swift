internal import Samples
public import Reports

extension Compression {
  /// What `compress` reports: a row for each stage.
  ///
  /// - Parameter notes: what is to be said of the model and its data.
  public func report(notes: [String]) -> Report {
    var report = Report()
    report.add(Table("stages", of: stages, Self.columns))
    report.add(notes: notes)
    return report
  }

  /// What the report says of a stage, in every format: a further column is a further line.
  private static var columns: [(column: Table.Column, cell: (Stage) -> Cell)] {
    [
      (.init("stage"), { .text($0.name) }),
      (.init("nodes", numeric: true), { .count($0.nodes) }),
      (.init("parameters", numeric: true), { .count($0.parameters) }),
      (.init("macs", "MACs", numeric: true), { .count($0.macs) }),
      (.init("bytes", numeric: true), { .count($0.bytes) }),
      (
        .init("top1", "top-1", numeric: true),
        { $0.accuracy.map { .quantity($0.top1Fraction, .percent, digits: 2) } ?? .missing() }
      ),
      (.init("proof"), { .text($0.proof) }),
    ]
  }
}
