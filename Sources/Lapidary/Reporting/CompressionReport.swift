public import Passes
public import Reports
internal import Samples

extension Compression {
  /// What `compress` reports: a row for each stage, how each was proved, what stays as it was and why,
  /// over which samples the figures are, and what a reader should know.
  ///
  /// - Parameter notes: what is to be said of the model and of what was asked for.
  public func report(notes: [String]) -> Report {
    var report = Report()
    report.add(Table("stages", of: stages, columns))
    report.add(
      "proofs",
      lines: stages.compactMap { stage in
        stage.proof.map {
          "\(.text(stage.name), key: "stage"): \(.text($0.text), key: "proof")"
        }
      })
    if let drops = state.drops { report.add(drops: drops) }
    if let pruning = state.pruning { report.add(pruning: pruning) }
    if !quantization.isEmpty { report.add(quantization: quantization) }
    report.add(data: ["fidelity": .array(stages.compactMap(\.outputs))])
    let counted = counting.isEmpty ? [] : ["MACs counted at \(counting)"]
    report.add(
      notes: notes + counted + basis + self.notes
        + state.unmatchedPatterns.map { "'\($0)' fits nothing that could be changed" })
    if let budget = state.budget, !budget.isMet {
      report.add("budget", budget.text)
    }
    if let missed = state.drops?.missed { report.add("blocks_missed", missed) }
    return report
  }

  /// What the report says of a stage, in every format: a further column is a further line.
  private var columns: [(column: Table.Column, cell: (Stage) -> Cell)] {
    let compares = stages.contains { $0.onnxruntimeLatency != nil }
    return [
      (.init("stage"), { .text($0.name) }),
      (.init("nodes", numeric: true), { .count($0.nodes) }),
      (.init("parameters", "params", numeric: true), { .short($0.parameters) }),
      (.init("macs", "MACs", numeric: true), { .short($0.macs) }),
      (.init("bytes", numeric: true), { .short($0.bytes) }),
      (
        .init("latency_ms", "ms", numeric: true, saysUnit: true),
        { $0.latency.map { .quantity($0.milliseconds, .milliseconds, digits: 2) } ?? .missing() }
      ),
    ] + (compares ? [Self.onnxruntime] : []) + [
      (
        .init("top1", "top-1", numeric: true),
        { $0.accuracy.map { .quantity($0.top1Fraction, .percent, digits: 2) } ?? .missing() }
      ),
      (
        .init("sqnr_db", "SQNR dB", numeric: true, saysUnit: true),
        { $0.fidelity.map { .quantity($0.sqnr, .decibels, digits: 1) } ?? .missing() }
      ),
      (
        .init("seconds", "took s", numeric: true, saysUnit: true),
        { .quantity($0.seconds, .seconds, digits: 1) }
      ),
    ]
  }

  private static var onnxruntime: (column: Table.Column, cell: (Stage) -> Cell) {
    (
      .init("onnxruntime_ms", "ORT ms", numeric: true, saysUnit: true),
      {
        $0.onnxruntimeLatency.map { .quantity($0.milliseconds, .milliseconds, digits: 2) }
          ?? .missing()
      }
    )
  }

  /// Which samples the figures of the table are over, in words.
  public var basis: [String] {
    var lines: [String] = []
    if let found = stages.last?.fidelity {
      let source = found.part == .all ? "evaluation " : ""
      lines.append(
        "SQNR against the original on \(found.samples) \(source)samples, the output that lost most"
          + (found.part == .all ? "" : ": \(found.part.describe(found.samples))"))
    }
    if let accuracy = stages.last?.accuracy {
      let interval = accuracy.top1Interval
      lines.append(
        "top-1 on \(accuracy.samples) samples: \(NumberText.decimal(100 * interval.lowerBound, 2)) to "
          + "\(NumberText.decimal(100 * interval.upperBound, 2)) % with 95 % confidence at the end")
    }
    return lines
  }
}

extension Compression.Stage {
  /// How far each output lies from the original's, for programs.
  fileprivate var outputs: JSONValue? {
    guard let fidelity else { return nil }
    let outputs = fidelity.outputs.map { output -> JSONValue in
      let found = output.comparison
      return .object([
        "name": .string(output.name), "sqnr_db": .number(found.sqnr),
        "cosine": .number(found.cosine), "max_rel": .number(found.maxRelative),
        "agreement": .number(found.argmaxAgreement), "mismatch": .string(output.mismatch),
      ])
    }
    return .object([
      "stage": .string(name), "samples": fidelity.basis, "outputs": .array(outputs),
      "worst_channels": fidelity.worstChannels,
    ])
  }
}

extension PruningBudget {
  /// How near the budget was met.
  var text: String {
    let (asked, found) = (NumberText.decimal(wanted * 100, 2), NumberText.decimal(reached * 100, 2))
    return isExceeded
      ? "\(asked) % cannot be met: the nearest that can be reached is \(found) %"
      : "\(found) % stay, where \(asked) % were asked for: the next step would leave more"
  }
}

extension Report {
  /// How many reasons a line names.
  private static var namedReasons: Int { 3 }

  /// In a line each what was cut, and what stays and why.
  fileprivate mutating func add(pruning plan: PruningPlan) {
    let cut = plan.groups.count { $0.kept < $0.channels }, of = plan.groups.count
    add(
      """
      \(.both("\(cut)", .int(cut)), key: "groups_cut") of \
      \(.both("\(of)", .int(of)), key: "groups_found") groups cut
      """)
    let frozen = plan.frozenLines
    guard !frozen.isEmpty else { return }
    let reasons = Dictionary(grouping: plan.frozen, by: \.reason)
      .map { (reason: $0.key, channels: $0.value.reduce(0) { $0 + $1.channels }) }
      .sorted { ($1.channels, $0.reason) < ($0.channels, $1.reason) }
    let named = reasons.prefix(Self.namedReasons).map { "\($0.channels): \($0.reason)" }
    let more = reasons.count - named.count
    let text =
      "channels that stay: " + named.joined(separator: "; ")
      + (more > 0 ? "; and \(more) more reasons (lapidary groups lists them)" : "")
    add(Sentence(text))
    add(data: [
      "frozen": .array(
        reasons.map { .object(["channels": .int($0.channels), "reason": .string($0.reason)]) })
    ])
  }

  /// In a line how many nodes compute with integers, which do not and why.
  fileprivate mutating func add(quantization entries: [Quantizer.Entry]) {
    let floats = entries.filter { $0.reason != nil }
    var counts: [(op: String, reason: String, count: Int)] = []
    for entry in floats {
      let (op, reason) = (entry.op.description, entry.reason ?? "")
      if let place = counts.firstIndex(where: { $0.op == op && $0.reason == reason }) {
        counts[place].count += 1
      } else {
        counts.append((op, reason, 1))
      }
    }
    counts.sort { ($1.count, $0.op, $0.reason) < ($0.count, $1.op, $1.reason) }
    let named = counts.prefix(Self.namedReasons).map { "\($0.count) \($0.op): \($0.reason)" }
    let more = counts.count - named.count
    let integer = entries.count - floats.count
    let text =
      "\(integer) of \(entries.count) nodes compute with integers"
      + (named.isEmpty ? "" : "; in float " + named.joined(separator: "; "))
      + (more > 0 ? "; and \(more) more (lapidary quantize lists them)" : "")
    add(Sentence(text))
    add(data: [
      "integer_nodes": .int(integer),
      "float": .array(
        counts.map {
          .object([
            "operator": .string($0.op), "reason": .string($0.reason), "count": .int($0.count),
          ])
        }),
    ])
  }
}

extension Cell {
  /// A count in three digits for people, such as `1.81 G`, and whole for programs.
  static func short(_ count: Int) -> Cell {
    let units = ["", " k", " M", " G", " T", " P"]
    var value = Double(count), unit = 0
    while value >= 999.5, unit + 1 < units.count {
      value /= 1000
      unit += 1
    }
    let digits = unit == 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0
    return .both(NumberText.decimal(value, digits) + units[unit], .int(count))
  }
}

extension StageProof {
  /// The proof in a few words.
  public var text: String {
    switch self {
    case .equal(let difference):
      return difference == 0
        ? "outputs are equal to those before"
        : "outputs are within \(NumberText.scientific(difference)) of those before"
    case .notAsked: return "not verified"
    case .notRunnable: return "not verified: the model has an operator that Lapidary cannot run"
    case .noInputs(let reason):
      return "not verified: the model takes none of the inputs that were tried (\(reason))"
    case .signal(let before, let after, let samples, let part):
      let change = before.map { "\(NumberText.decimal($0, 1)) -> " } ?? ""
      return
        "SQNR \(change)\(NumberText.decimal(after, 1)) dB, \(part.describe(samples))"
    }
  }
}
