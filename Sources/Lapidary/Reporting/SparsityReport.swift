internal import Execution
public import Passes
public import Reports
public import Samples

extension SparsityPlan {
  /// What `sparsify` reports.
  ///
  /// - Parameters:
  ///   - comparison: how far outputs moved; nil when it was not asked or the model cannot be run.
  ///   - wasAsked: whether it was asked.
  ///   - notes: what is to be said of the model.
  public func report(
    _ comparison: ModelComparison?, wasAsked: Bool, notes: [String]
  ) -> Report {
    var report = Report()
    report.add(data: ["target": .string(target)])
    report.add(weightTable)
    report.add(
      "left",
      lines: left.map {
        "'\(.text($0.weight), key: "weight")' stays as it is: \(.text($0.reason), key: "reason")"
      })
    report.add(notes: notes, prefix: "")
    report.add(
      "outputs",
      lines: comparison?.outputLines {
        .init(
          word: "agreement", cell: .quantity($0.comparison.argmaxAgreement, .percent, digits: 1))
      } ?? [])
    if wasAsked && comparison == nil { report.add("comparison", notCompared) }
    return report
  }

  private var weightTable: Table {
    func cells(_ name: String, _ shape: Cell, _ count: Int, _ before: Int, _ zeros: Int) -> [Cell] {
      let share = Double(zeros) / Double(max(count, 1))
      return [
        .text(name), shape, .count(count), .count(before), .count(zeros),
        .quantity(share, .percent, digits: 1),
      ]
    }
    var table = Table(
      "weights",
      [
        .init("weight"), .init("shape"), .init("elements", numeric: true),
        .init("zeros_before", "zero before", numeric: true), .init("zeros", "zero", numeric: true),
        .init("sparsity", numeric: true),
      ])
    var all = (count: 0, before: 0, zeros: 0)
    for mask in weights {
      let count = mask.shape.reduce(1, *)
      let shape = Cell.both("\(mask.shape)", .array(mask.shape.map { .int($0) }))
      table.rows.append(cells(mask.weight, shape, count, mask.zerosBefore, mask.zeros))
      all = (all.count + count, all.before + mask.zerosBefore, all.zeros + mask.zeros)
    }
    table.footer = ("total", cells("all", .missing(""), all.count, all.before, all.zeros))
    return table
  }
}
