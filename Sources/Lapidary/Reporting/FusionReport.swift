internal import Execution
public import IR
public import Passes
public import Reports

/// What `fuse` did: the models, what each pass did, and what was proved.
public struct FusionReport: Sendable {
  /// The passes' own reports.
  public var passes: [PassReport]
  /// The cost before and after.
  public var costs: [(state: String, nodes: Int, cost: CostReport, constantBytes: Int)]
  /// What was proved, in words.
  public var proof: String
  /// What is to be said of the model.
  public var notes: [String]

  /// Counts both models.
  public init(
    before: Model, after: Model, passes: [PassReport], proof: String, notes: [String]
  ) throws(ModelError) {
    self.passes = passes
    self.proof = proof
    self.notes = notes
    costs = []
    for (state, model) in [("before", before), ("after", after)] {
      costs.append((state, model.graph.nodeCount, try CostReport(model), model.graph.constantBytes))
    }
  }

  /// The report.
  ///
  /// - Parameter explained: whether people see every application and every decline.
  public func report(explained: Bool) -> Report {
    var report = Report()
    report.add(
      Table(
        "cost", of: costs,
        [
          (.init("state", ""), { .text($0.state) }),
          (.init("nodes", numeric: true), { .count($0.nodes) }),
          (.init("parameters", numeric: true), { .count($0.cost.parameters) }),
          (.init("macs", "MACs", numeric: true), { .count($0.cost.macs) }),
          (.init("constant_bytes", "constant bytes", numeric: true), { .count($0.constantBytes) }),
        ]))
    report.add(data: ["passes": passes.json])
    if explained { report.blocks.append(.list(key: nil, prefix: "", passes.explanation)) }
    report.add(notes: notes)
    report.add("proof", proof)
    return report
  }

  /// What `fuse --list` reports.
  public static func rules() -> Report {
    var report = Report()
    report.add(
      Table(
        "rules", of: Simplify.rules,
        [
          (.init("rule"), { .text($0.name) }),
          (
            .init("targets"),
            {
              let names = $0.targets.map(\.rawValue)
              let text =
                $0.targets == FusionTarget.allCases ? "all" : names.joined(separator: ", ")
              return .both(text, .strings(names))
            }
          ),
          (.init("summary", "what it does"), { .text($0.summary) }),
        ]))
    return report
  }
}

extension [PassReport] {
  /// One line for each application and decline.
  fileprivate var explanation: [Sentence] {
    flatMap { report in
      report.applied.map {
        Sentence("\($0.rule.isEmpty ? report.pass : $0.rule): \($0.node): \($0.text)")
      }
        + report.declined.map {
          Sentence(
            "\($0.rule.isEmpty ? report.pass : $0.rule): \($0.node): not applied: \($0.text)")
        }
    }
  }

  /// Applications and declines by pass.
  fileprivate var json: JSONValue {
    func list(_ entries: [PassReport.Entry]) -> JSONValue {
      .array(
        entries.map {
          .object(["node": .string($0.node), "rule": .string($0.rule), "text": .string($0.text)])
        })
    }
    return .array(
      map {
        .object([
          "pass": .string($0.pass), "applied": list($0.applied), "declined": list($0.declined),
        ])
      })
  }
}

/// What a proof found, in words.
package func differenceText(_ difference: Double) -> String {
  difference == 0
    ? "outputs are equal"
    : "outputs differ by at most \(Cell.scientific(difference).text()) of their largest value"
}
