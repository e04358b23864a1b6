public import Passes
public import Reports
internal import Samples

extension Compression {
  /// What `compress` reports: a row for each stage, over which samples the figures are, and what a
  /// reader should know.
  ///
  /// - Parameter notes: what is to be said of the model.
  public func report(notes: [String]) -> Report {
    var report = Report()
    report.add(Table("stages", of: stages, Self.columns))
    report.add(notes: notes + basis + self.notes)
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
      (
        .init("sqnr_db", "SQNR dB", numeric: true, saysUnit: true),
        { $0.fidelity.map { .quantity($0.sqnr, .decibels, digits: 1) } ?? .missing() }
      ),
      (.init("proof"), { .text($0.proof?.text ?? "") }),
    ]
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

extension StageProof {
  /// The proof in a few words.
  public var text: String {
    switch self {
    case .equal(let difference):
      return difference == 0 ? "equal" : "within \(NumberText.scientific(difference))"
    case .notAsked: return "not verified"
    case .notRunnable: return "cannot be run"
    case .signal(let before, let after, let samples, let part):
      let change = before.map { "\(NumberText.decimal($0, 1)) -> " } ?? ""
      return
        "SQNR \(change)\(NumberText.decimal(after, 1)) dB, \(part.describe(samples))"
    }
  }
}
