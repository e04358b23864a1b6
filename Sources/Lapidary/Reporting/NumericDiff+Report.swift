public import Reports

extension NumericDiff {
  /// What `diff --numeric` adds to its report.
  public var blocks: [Report.Block] {
    let verdict: String
    if let first, let figures = first.comparison {
      verdict =
        "first divergence at \(first.label), value '\(first.name)': "
        + "max rel \(NumberText.scientific(figures.maxRelative)), "
        + "SQNR \(NumberText.decimal(figures.sqnr, 1)) dB"
    } else {
      verdict = "numbers: \(rows.count) values within \(NumberText.scientific(tolerance))"
    }
    let table = Table(
      "values",
      title: "Values along the graph, \(samples) \(samples == 1 ? "sample" : "samples")", of: rows,
      [
        (.init("node"), { .text($0.label) }), (.init("value"), { .text($0.name) }),
        (
          .init("max_abs", "max abs", numeric: true),
          { $0.comparison.map { .scientific($0.maxAbsolute) } ?? .missing() }
        ),
        (
          .init("max_rel", "max rel", numeric: true),
          { $0.comparison.map { .scientific($0.maxRelative) } ?? .missing() }
        ),
        (
          .init("sqnr_db", "SQNR dB", numeric: true, saysUnit: true),
          { row in
            row.comparison.map { .quantity($0.sqnr, .decibels, digits: 1) }
              ?? .both(row.mismatch ?? "-", .null)
          }
        ),
      ])
    return [
      .statement(key: "numeric_verdict", text: verdict, isStrong: true), .table(table),
      .data([
        .init(key: "numeric_samples", value: .int(samples)),
        .init(key: "numeric_tolerance", value: .number(tolerance)),
      ]),
    ]
  }
}
