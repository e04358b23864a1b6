public import Passes
public import Reports

extension PruningPlan {
  /// What `groups` reports: coupled groups, and every frozen channel with its reason.
  public var report: Report {
    var report = Report()
    report.add(groupTable)
    report.add(frozenTable)
    return report
  }

  private var groupTable: Table {
    Table(
      "groups", title: "Groups", of: groups,
      [
        (.init("group", numeric: true), { .count($0.index) }),
        (.init("channels", numeric: true), { .count($0.channels) }),
        (.init("kept", numeric: true), { .count($0.kept) }),
        (
          .init("macs_share", "MACs", numeric: true),
          { .quantity(Double($0.macs) / Double(max(macs, 1)), .percent, digits: 1) }
        ),
        (.init("made_by", "made by"), { .texts($0.producers.map(\.weight), shown: 2) }),
        (.init("read_by", "read by"), { .texts($0.readers, shown: 2) }),
      ])
  }

  private var frozenTable: Table {
    var table = Table(
      "frozen", title: "Frozen", of: frozen,
      [
        (.init("channels", numeric: true), { .count($0.channels) }),
        (.init("made_by", "made by"), { .text($0.weight) }),
        (.init("reason"), { .text($0.reason) }),
      ])
    table.hidesWhenEmpty = true
    return table
  }

  /// Channels that stay by reason, the most frequent first.
  var frozenLines: [Sentence] {
    let reasons = Dictionary(grouping: frozen, by: \.reason)
      .mapValues { $0.reduce(0) { $0 + $1.channels } }
    return reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
      let channels = Cell.both("\($0.value)", .int($0.value))
      return "\(channels, key: "channels") channels frozen: \(.text($0.key), key: "reason")"
    }
  }
}

extension Pruner.Result {
  /// What `prune` reports.
  ///
  /// - Parameters:
  ///   - notes: what is to be said of the model and the options.
  ///   - proof: what was proved, in words.
  public func report(notes: [String], proof: String) -> Report {
    var report = Report()
    report.add(
      Table(
        "cost", of: [("before", before), ("after", after)],
        [
          (.init("state", ""), { .text($0.0) }),
          (.init("macs", "MACs", numeric: true), { .count($0.1.macs) }),
          (.init("parameters", numeric: true), { .count($0.1.parameters) }),
          (.init("weight_bytes", "weight bytes", numeric: true), { .count($0.1.bytes) }),
        ]))
    let cut = plan.groups.reduce(0) { $0 + ($1.kept < $1.channels ? 1 : 0) }
    let of = plan.groups.count
    report.add(
      """
      \(.both("\(cut)", .int(cut)), key: "groups_cut") of \
      \(.both("\(of)", .int(of)), key: "groups_found") groups cut
      """)
    report.add("frozen", lines: plan.frozenLines)
    report.add(data: ["plan": plan.report.json])
    report.add(notes: notes + budgetNotes + unmatchedNotes, prefix: "")
    report.add("proof", proof)
    return report
  }

  /// How near the budget was met, where that is not within one percent of it.
  private var budgetNotes: [String] {
    budget.flatMap { $0.isMet ? nil : [$0.text] } ?? []
  }

  private var unmatchedNotes: [String] {
    unmatchedPatterns.map { "'\($0)' fits nothing whose channels could go" }
  }
}

extension PlanVerification.Report {
  /// What `verify-plan` reports.
  public var report: Reports.Report {
    var report = Reports.Report()
    report.add(data: ["agrees": .bool(problems.isEmpty)])
    report.add(
      """
      \(.both("\(sliced)", .int(sliced)), key: "sliced") weights are the slices that the plan \
      names, \(.both("\(unchanged)", .int(unchanged)), key: "unchanged") the original's
      """)
    report.add(data: ["difference": .number(difference)])
    var lines: [Sentence] = []
    if let difference {
      lines.append(
        .init("against the original masked as the plan states: \(differenceText(difference))"))
    } else if problems.isEmpty {
      lines.append("not run: the model has an operator that Lapidary cannot run")
    }
    report.add("proof", lines: lines)
    report.add("problems", prefix: "differs: ", lines: problems.map { Sentence($0) })
    return report
  }
}
