public import Reports
internal import Samples

extension TargetSearch {
  /// Adds what was asked, what was reached and by which means, what was tried and refused, and which
  /// samples served for what.
  public func add(to report: inout Report) {
    report.add("goals", lines: goalLines)
    if let widths = plan.widths {
      let table = Self.widthTable(widths, plan)
      if !table.rows.isEmpty { report.add(table) }
    }
    if let table = Self.rankTable(plan) { report.add(table) }
    if let table = Self.blockTable(plan) { report.add(table) }
    if let table = Self.bitTable(plan) { report.add(table) }
    report.add(Self.table("search", plan.tried, plan: plan))
    report.add(notes: notes)
    report.add(warnings: plan.missed)
  }

  /// Each goal with what was reached.
  private var goalLines: [Sentence] {
    guard let original = plan.original, let choice = plan.choice else { return [] }
    var lines = goals.bounds(choice.costs, original).map { bound in
      Sentence(
        "asked: \(bound.name) \(bound.text(bound.limit)) at most; reached: \(bound.text(bound.value))"
      )
    }
    if let limit = goals.loss, let loss = choice.loss {
      lines.append(
        Sentence(
          "asked: a loss of \(NumberText.decimal(limit, 2)) points at most; reached: \(loss.text)"))
    }
    return lines
  }

  /// The channels of each group, before and after.
  private static func widthTable(
    _ widths: [String: CompressionPlan.Width], _ plan: CompressionPlan
  ) -> Table {
    let order = (plan.groups?.map(\.key) ?? []) + widths.keys.sorted()
    var seen: Set<String> = []
    let rows = order.filter { key in
      widths[key].map { $0.kept < $0.channels } ?? false && seen.insert(key).inserted
    }
    return Table(
      "widths", of: rows,
      [
        (.init("group"), { .text($0) }),
        (.init("channels", numeric: true), { .count(widths[$0]?.channels) }),
        (.init("kept", numeric: true), { .count(widths[$0]?.kept) }),
      ])
  }

  /// The layers that were divided into two; nil where none was.
  private static func rankTable(_ plan: CompressionPlan) -> Table? {
    let ranks = RankOption.ranks(plan.choice?.widths ?? [:]).sorted { $0.key < $1.key }
    guard !ranks.isEmpty else { return nil }
    return Table(
      "ranks", of: ranks,
      [
        (.init("layer"), { .text($0.key) }),
        (
          .init("macs_kept", "MACs kept", numeric: true),
          { .quantity(1 - $0.value, .percent, digits: 1) }
        ),
      ])
  }

  /// The blocks that were dropped; nil where none was.
  private static func blockTable(_ plan: CompressionPlan) -> Table? {
    let blocks = BlockOption.dropped(plan.choice?.widths ?? [:])
    guard !blocks.isEmpty else { return nil }
    return Table("dropped", of: blocks, [(.init("block", "block that ends in"), { .text($0) })])
  }

  /// The layers that keep 8 bits where others take 4; nil where there are none.
  private static func bitTable(_ plan: CompressionPlan) -> Table? {
    guard plan.chosen?.numbers == .mixed, let full = plan.fullWeights else { return nil }
    return Table(
      "bits", of: plan.bits ?? [],
      [
        (.init("layer"), { .text($0.output) }),
        (.init("bits", numeric: true), { .count(full.contains($0.output) ? 8 : 4) }),
        (.init("error_of_4", "noise of 4", numeric: true), { .quantity($0.error, digits: 6) }),
      ])
  }

  /// Candidates as a table.
  static func table(_ key: String, _ candidates: [Candidate], plan: CompressionPlan) -> Table {
    typealias Column = (column: Table.Column, cell: (Candidate) -> Cell)
    var columns: [Column] = [
      (.init("level", numeric: true), { .count($0.place.level) }),
      (
        .init("numbers"),
        { .text($0.place.numbers.rawValue + ($0.place.isDraft ? " draft" : "")) }
      ),
      (.init("parameters", numeric: true), { .count($0.costs.parameters) }),
      (.init("macs", "MACs", numeric: true), { .count($0.costs.macs) }),
      (.init("bytes", numeric: true), { .count($0.costs.bytes) }),
      (.init("energy_uj", "uJ", numeric: true), { .quantity(1e6 * $0.costs.energy, digits: 2) }),
    ]
    if plan.original?.time != nil {
      columns.append(
        (
          .init("latency_ms", "ms", numeric: true),
          { $0.costs.time.map { .quantity(1000 * $0.seconds, digits: 3) } ?? .missing() }
        ))
      if plan.original?.time?.onnxruntime != nil {
        columns.append(
          (
            .init("onnxruntime_ms", "ORT ms", numeric: true),
            {
              guard let time = $0.costs.time?.onnxruntime else { return .missing() }
              guard time.seconds < RunTime.noRun else { return .text("no run") }
              return .quantity(1000 * time.seconds, digits: 3)
            }
          ))
      }
      columns.append(
        (
          .init("speedup", numeric: true),
          { $0.costs.time.map { .quantity(1 / max($0.share, 1e-9), digits: 2) } ?? .missing() }
        ))
    }
    columns += [
      (
        .init("loss_points", "loss", numeric: true),
        { $0.loss.map { .quantity($0.points, digits: 2) } ?? .missing() }
      ),
      (
        .init("loss_upper_bound", "at most", numeric: true),
        {
          $0.loss.flatMap { $0.basis == .error ? nil : .quantity($0.upperBound, digits: 2) }
            ?? .missing()
        }
      ),
      (.init("taken"), { .text($0.place == plan.chosen ? "yes" : "") }),
    ]
    return Table(key, of: candidates, columns)
  }

  /// What the figures are of, in words.
  var notes: [String] {
    let losses = plan.tried.compactMap(\.loss)
    let what =
      switch losses.first?.basis {
      case .accuracy?: "points of top-1 lost"
      case .agreement?: "samples of a hundred that another class is found for"
      case .error?, nil: "error in percent of the outputs' root mean square"
      }
    let bound =
      losses.first?.basis == .error
      ? "on others it may be more: no bound is known" : "at most: with 95 % confidence"
    let parts = maker.calibration.parts
    let held =
      parts.proof.part == .heldOut
      ? "fitted to \(parts.fit.count) calibration samples, with \(parts.proof.count) held out of the fit"
      : "fitted to \(parts.fit.count) calibration samples, which judge the fit too"
    let groups = plan.groups ?? []
    let layers = groups.count { RankOption.layer($0.key) != nil }
    let blocks = groups.count { BlockOption.sum($0.key) != nil }
    let further = [(layers, "the ranks of \(layers) layers"), (blocks, "\(blocks) blocks")]
      .filter { $0.0 > 0 }.map(\.1)
    let measured = (["\(groups.count - layers - blocks) groups"] + further).joined(separator: ", ")
    let drafts = plan.tried.count { $0.place.isDraft }
    let made =
      drafts > 0
      ? "\(plan.tried.count - drafts) models made, and \(drafts) drafts, which are not tuned"
      : "\(plan.tried.count) models made"
    return [
      "search: \(measured) measured one by one, \(made); \(held)",
      "loss: \(what), on \(losses.first?.samples ?? 0) samples that the choice was made with; \(bound)",
    ]
  }
}
