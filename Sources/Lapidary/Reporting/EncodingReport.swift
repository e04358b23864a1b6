public import IR
public import Passes
public import Reports
public import Samples

extension EncodedModel {
  /// What `quantize` reports of forms that need no calibration.
  ///
  /// - Parameters:
  ///   - original: the model before.
  ///   - comparison: how far outputs moved; nil when it was not asked or the model cannot be run.
  ///   - wasAsked: whether it was asked.
  ///   - notes: what is to be said of the model.
  public func report(
    before original: Model, _ comparison: ModelComparison?, wasAsked: Bool, notes: [String]
  ) -> Report {
    var report = Report()
    report.add(operatorTable)
    let list = nodes.filter { $0.form != nil || $0.reason != nil }.map { node -> JSONValue in
      .object([
        "node": .string(node.node), "name": .string(node.name), "operator": .string("\(node.op)"),
        "output": .string(node.output), "form": .string(node.form),
        "reason": .string(node.reason),
      ])
    }
    report.add(data: ["nodes": .array(list)])
    let (old, new) = (original.constantBytes, model.constantBytes)
    report.add(
      "constants: \(.count(old), key: "constant_bytes_before") -> \(.count(new), key: "constant_bytes_after") bytes"
    )
    if wasAsked && comparison == nil { report.add("comparison", notCompared) }
    report.add(
      "outputs",
      lines: comparison?.outputLines {
        .init(word: "cosine", cell: .quantity($0.comparison.cosine, digits: 5))
      } ?? [])
    if let comparison {
      report.add("basis", comparison.basisText)
      report.add(data: ["samples": comparison.basis])
    }
    report.add(notes: notes)
    if nodes.allSatisfy({ $0.form == nil }) { report.add(warnings: ["nothing was encoded"]) }
    return report
  }

  /// One row for each operator and form.
  private var operatorTable: Table {
    let told = nodes.filter { $0.form != nil || $0.reason != nil }
    let operators = Dictionary(grouping: told, by: \.op.description).sorted { $0.key < $1.key }
    return Table(
      "operators", of: operators,
      [
        (.init("operator"), { .text($0.key) }),
        (.init("encoded", numeric: true), { .count($0.value.count { $0.form != nil }) }),
        (.init("kept", numeric: true), { .count($0.value.count { $0.form == nil }) }),
        (
          .init("form"),
          {
            let forms = Set($0.value.compactMap(\.form)).sorted()
            return .both(forms.joined(separator: "; "), .strings(forms))
          }
        ),
        (
          .init("why_kept", "why kept"),
          {
            let reasons = Set($0.value.compactMap(\.reason)).sorted()
            return .both(reasons.joined(separator: "; "), .strings(reasons))
          }
        ),
      ])
  }
}

extension Model {
  /// Bytes of all constants of the main graph, those that nodes hold included.
  fileprivate var constantBytes: Int {
    graph.nodeIDs.reduce(graph.constantBytes) { sum, id in
      graph[id].attributes.reduce(sum) {
        if case .tensor(let tensor) = $1.value { $0 + tensor.byteCount } else { $0 }
      }
    }
  }
}
