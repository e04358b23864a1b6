internal import Execution
public import IR
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
  public static func conversion(from model: String, to output: String) -> Report {
    var report = Report()
    report.add("\(.text(model), key: "model") -> \(.text(output), key: "output")")
    return report
  }
}
