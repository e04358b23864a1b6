internal import Passes
public import Reports

extension Sensitivity {
  /// What `sensitivity` reports.
  public var report: Report {
    // The document is what `prune --scores` reads too, so it keeps its version.
    var report = Report(schema: 1)
    report.add(table)
    let percent = top1.map { Cell.quantity($0, .percent, digits: 1).text() }
    let summary =
      "\(samples) samples" + (percent.map { "; top-1 of the model as it is: \($0)" } ?? "")
    report.blocks.append(.list(key: nil, prefix: "", [.init(summary)]))
    report.add(data: [
      "samples": .int(samples), "top1": .number(top1), "groups": .array(groups.map(Self.json)),
      "scores": .members(
        scores.scores.sorted { $0.key < $1.key }.map { name, values in
          (name, JSONValue.array(values.map { .number($0) }))
        }),
    ])
    return report
  }

  /// For people: programs read `groups`.
  private var table: Table {
    let ratios = Set(groups.flatMap { $0.points.map(\.ratio) }).sorted()
    let measure = top1 == nil ? "dB" : "dB, top-1"
    var table = Table(
      .elsewhere,
      [.init("group", numeric: true), .init("channels", numeric: true)]
        + ratios.map { Table.Column("", "\(measure) at \($0)", numeric: true) }
        + [.init("made_by", "made by")])
    for group in groups {
      let cells = ratios.map { ratio -> Cell in
        guard let point = group.points.first(where: { $0.ratio == ratio }) else {
          return .missing()
        }
        let sqnr = NumberText.decimal(point.sqnr, 1)
        let right = point.top1.map { Cell.quantity($0, .percent, digits: 1).text() }
        return .text(right.map { "\(sqnr), \($0)" } ?? sqnr)
      }
      table.rows.append(
        [.count(group.index), .count(group.channels)] + cells + [.texts(group.weights, shown: 2)])
    }
    return table
  }

  private static func json(_ group: Group) -> JSONValue {
    let cuts = group.points.map { point -> JSONValue in
      .object([
        "ratio": .number(point.ratio), "kept": .int(point.kept), "sqnr_db": .number(point.sqnr),
        "top1": .number(point.top1),
      ])
    }
    return .object([
      "group": .int(group.index), "channels": .int(group.channels),
      "weights": .strings(group.weights), "cuts": .array(cuts),
    ])
  }
}
