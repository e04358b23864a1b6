public import IR
public import Passes
public import Reports

extension Report {
  /// What `edit` reports: what each edit did, what it left alone and how it was proved.
  ///
  /// - Parameter notes: what is to be said of the model.
  public static func edits(
    _ steps: [EditSequence.Step], before: Model, after: Model, notes: [String]
  ) -> Report {
    var report = Report()
    report.add(
      Table(
        "models", of: [("before", before), ("after", after)],
        [
          (.init("model", ""), { .text($0.0) }),
          (.init("nodes", numeric: true), { .count($0.1.graph.nodeCount) }),
          (
            .init("constant_bytes", "constant bytes", numeric: true),
            { .count($0.1.graph.constantBytes) }
          ),
          (.init("inputs"), { .text(Self.types($0.1.graph.requiredInputs, $0.1.graph)) }),
          (.init("outputs"), { .text(Self.types($0.1.graph.outputs, $0.1.graph)) }),
        ]))
    report.add("changes", lines: lines(steps, \.applied))
    report.add("declined", prefix: "left alone: ", lines: lines(steps, \.declined))
    report.add(notes: notes)
    report.add(
      "proofs",
      lines: steps.map { step in
        Sentence(
          step.report.applied.isEmpty
            ? "\(step.report.pass): nothing to change" : "\(step.report.pass): \(step.proof.text)")
      })
    return report
  }

  private static func lines(
    _ steps: [EditSequence.Step], _ entries: (PassReport) -> [PassReport.Entry]
  ) -> [Sentence] {
    steps.flatMap { step in
      entries(step.report).map { Sentence("\(step.report.pass): \($0.node): \($0.text)") }
    }
  }

  private static func types(_ infos: [ValueInfo], _ graph: Graph) -> String {
    infos.map { info in
      "\(graph[info.value].name): \(info.type.map { "\($0)" } ?? "?")"
    }.joined(separator: ", ")
  }
}

extension [EditSequence.Step] {
  /// What edits before other stages came to, a line each.
  public var notes: [String] {
    flatMap { step in
      step.report.applied.map { "edit: \(step.report.pass): \($0.node): \($0.text)" }
        + step.report.declined.map {
          "edit: \(step.report.pass): left alone: \($0.node): \($0.text)"
        }
        + (step.report.applied.isEmpty ? [] : ["edit: \(step.report.pass): \(step.proof.text)"])
    }
  }
}
