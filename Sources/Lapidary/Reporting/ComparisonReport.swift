internal import Execution
public import Reports
public import Samples

extension ModelComparison {
  /// What `compare` reports.
  ///
  /// - Parameters:
  ///   - tolerance: the largest difference, relative to an output's largest magnitude, up to which
  ///     outputs are the same.
  ///   - notes: what is to be said of the data.
  public func report(tolerance: Double, notes: [String]) -> Report {
    var report = Report()
    report.add(data: ["same": .bool(maxRelative <= tolerance), "samples": basis])
    report.add(
      Table(
        "outputs", of: outputs,
        [
          (.init("output"), { .text($0.name) }),
          (.init("max_abs", "max abs", numeric: true), { .scientific($0.comparison.maxAbsolute) }),
          (.init("max_rel", "max rel", numeric: true), { .scientific($0.comparison.maxRelative) }),
          (
            .init("sqnr_db", "SQNR dB", numeric: true, saysUnit: true),
            { .quantity($0.comparison.sqnr, .decibels, digits: 1) }
          ),
          (.init("cosine", numeric: true), { .quantity($0.comparison.cosine, digits: 6) }),
          (
            .init("agreement", numeric: true),
            { .quantity($0.comparison.argmaxAgreement, .percent, digits: 2) }
          ),
        ]))
    report.add(notes: notes)
    return report
  }

  /// Which samples the figures are over.
  var basis: JSONValue { .object(["count": .int(samples), "part": .string(part.rawValue)]) }

  /// Each output with the channel that lost most, for programs.
  var worstChannels: JSONValue {
    .array(
      outputs.map { output in
        let worst = output.comparison.worstChannel
        return .object([
          "name": .string(output.name), "axis": .int(worst?.axis), "index": .int(worst?.index),
          "sqnr_db": worst.map { .number($0.sqnr) } ?? .null,
        ])
      })
  }

  /// Over which samples the figures are and which channel lost most, in words.
  var basisText: String {
    let worst = outputs.compactMap { output in
      output.comparison.worstChannel.map { (name: output.name, channel: $0) }
    }.min { $0.channel.sqnr < $1.channel.sqnr }
    let channel = worst.map {
      "; worst channel \($0.channel.index) of '\($0.name)', \(NumberText.decimal($0.channel.sqnr, 1)) dB"
    }
    return "against the original on \(part.describe(samples))" + (channel ?? "")
  }

  /// How far outputs moved, a line for each.
  func outputLines(
    _ figures: (Output) -> Sentence.Figures
  ) -> [Sentence] {
    outputs.map { output in
      let found = figures(output)
      return """
        output '\(.text(output.name), key: "name")': \
        SQNR \(.quantity(output.comparison.sqnr, .decibels, digits: 1), key: "sqnr_db"), \
        \(found.word) \(found.cell, key: found.word)
        """
    }
  }
}

extension Sentence {
  /// A second figure of an output beside its SQNR.
  struct Figures {
    var word: String
    var cell: Cell
  }
}

extension Accuracy {
  /// What `evaluate` reports.
  ///
  /// - Parameter notes: what is to be said of the data.
  public func report(notes: [String]) -> Report {
    var table = Table(
      .record,
      [
        .init("samples", numeric: true), .init("top1", "top-1", numeric: true),
        .init("top5", "top-5", numeric: true),
      ])
    table.add(
      .count(samples), .quantity(top1Fraction, .percent, digits: 2),
      .quantity(top5Fraction, .percent, digits: 2))
    var report = Report()
    report.add(table)
    let bounds = top1Interval
    report.add(data: [
      "top1_interval": .array([.number(bounds.lowerBound), .number(bounds.upperBound)])
    ])
    report.add(
      "confidence",
      "top-1 from \(NumberText.decimal(100 * bounds.lowerBound, 2)) to "
        + "\(NumberText.decimal(100 * bounds.upperBound, 2)) % with 95 % confidence")
    report.add(notes: notes)
    return report
  }
}
