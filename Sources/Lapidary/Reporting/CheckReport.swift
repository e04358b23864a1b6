public import Reports

extension ModelCheck {
  /// What `check` reports.
  ///
  /// - Parameter second: libonnx's verdict, where it was asked.
  public func report(second: String? = nil) -> Report {
    var table = Table("checks", [.init("checker"), .init("verdict")])
    table.add(.text("lapidary"), .text(error.map { "\($0)" } ?? "valid"))
    if let second { table.add(.text("libonnx"), .text(second)) }
    var report = Report()
    report.add(table)
    report.add("unknown", prefix: "unknown operator: ", lines: unknown.map { Sentence($0) })
    report.add(warnings: warnings)
    return report
  }
}

extension TypedModel {
  /// What `infer` reports.
  ///
  /// - Parameter notes: what is to be said of the file.
  public func report(notes: [String]) -> Report {
    var table = Table(
      .record, [.init("values", numeric: true), .init("typed", numeric: true)])
    table.add(.count(values), .count(typed))
    var report = Report()
    report.add(table)
    report.add("untyped", prefix: "no shape: ", lines: untyped.map { Sentence($0) })
    report.add("replaced", prefix: "replaced: ", lines: replaced.map { Sentence($0) })
    report.add(notes: notes)
    return report
  }
}
