public import Reports

extension Golden {
  /// What `golden record` reports.
  public func report(folder: String) -> Report {
    var report = Report()
    report.add("\(.text(folder), key: "golden"): recorded")
    report.blocks.append(
      .facts([
        .init("samples", "Samples", .count(samples.count)),
        .init("tolerance", "Tolerance", .scientific(tolerance)),
      ]))
    report.add(
      Table(
        "outputs", of: outputs,
        [
          (.init("output"), { .text($0.name) }), (.init("type"), { .text($0.type) }),
          (.init("kept", numeric: true), { .count(($0.elements + $0.stride - 1) / $0.stride) }),
        ]))
    return report
  }
}

extension GoldenVerification {
  /// The verdict.
  public var headline: String {
    guard differs else { return "as expected: graph, weights and \(outputs.count) outputs" }
    let moved = outputs.count { $0.mismatch != nil || !($0.difference <= golden.tolerance) }
    let numbers = "\(moved) of \(outputs.count) outputs moved"
    return "not as expected: \(numbers)" + (diff.map { "; \($0.headline)" } ?? "")
  }

  /// What `golden verify` reports.
  public func report(_ detail: DiffDetail = DiffDetail()) -> Report {
    var report = Report()
    report.add("golden_verdict", headline, strong: true)
    report.add(data: [
      "as_expected": .bool(!differs), "tolerance": .number(golden.tolerance),
      "samples": .int(golden.samples.count),
    ])
    report.add(
      Table(
        "outputs", of: outputs,
        [
          (.init("output"), { .text($0.name) }),
          (.init("max_rel", "max rel", numeric: true), { .scientific($0.difference) }),
          (
            .init("verdict"),
            { output in
              .text(
                output.mismatch ?? (output.difference <= golden.tolerance ? "as expected" : "moved")
              )
            }
          ),
        ]))
    if let diff, !diff.hunks.isEmpty { report.blocks += diff.report(detail).blocks }
    report.add(notes: notes)
    return report
  }
}
