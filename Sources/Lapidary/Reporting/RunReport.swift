internal import Execution
public import IR
public import Passes
public import Reports

extension Report {
  /// What `run` reports: the type of each output and its file.
  ///
  /// - Parameters:
  ///   - files: the file of each output, by its name.
  ///   - notes: what is to be said of the data.
  public static func run(
    _ results: [String: Datum], of graph: Graph, files: [String: String], notes: [String]
  ) -> Report {
    var report = Report()
    report.add(
      Table(
        "outputs", of: graph.outputs.map { graph[$0.value].name },
        [
          (.init("output"), { .text($0) }),
          (.init("type"), { name in results[name].map { .text("\($0.type)") } ?? .missing("?") }),
          (.init("file"), { name in files[name].map { .text($0) } ?? .missing() }),
        ]))
    report.add(notes: notes)
    return report
  }

  /// What `convert` reports.
  ///
  /// - Parameter versions: what became of the operators, where another version of the operator set was
  ///   asked for.
  public static func conversion(
    from model: String, to output: String, _ versions: OpsetConversion.Result? = nil
  ) -> Report {
    var report = Report()
    report.add("\(.text(model), key: "model") -> \(.text(output), key: "output")")
    guard let versions else { return report }
    report.add(
      "operator set \(.count(versions.from), key: "from") -> \(.count(versions.to), key: "to"), \(.count(versions.rewritten.count), key: "rewritten") nodes rewritten"
    )
    report.add("nodes", prefix: "rewritten: ", lines: versions.rewritten.map { Sentence($0) })
    report.add("proof", "proof: \(versions.proof.text)")
    return report
  }
}
