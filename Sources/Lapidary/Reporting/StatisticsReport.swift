public import Passes
public import Reports

extension CalibrationStatistics {
  /// Which of how many parts are missing; nil for the whole.
  public var missing: (count: Int, text: String)? {
    guard let parts else { return nil }
    let absent = (1...parts.count).filter { !parts.numbers.contains($0) }
    return (parts.count, absent.map { "\($0)" }.joined(separator: ", "))
  }

  /// What `calibrate` and `merge-statistics` report.
  public var report: Report {
    var table = Table(
      .record, [.init("values", numeric: true), .init("samples", numeric: true), .init("parts")])
    table.add(
      .count(valueCount), .count(samples),
      .text(parts.map { "\($0.numbers.count) of \($0.count)" } ?? "all"))
    var report = Report()
    report.add(table)
    return report
  }
}
