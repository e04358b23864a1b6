public import Gradients
public import Reports

extension GradientGraph {
  /// What `gradient` reports.
  public var report: Report {
    var report = Report()
    report.add(data: ["differentiated": .int(names.count), "nodes": .int(model.graph.nodeCount)])
    report.add(
      "summary",
      "\(names.count) gradients in \(model.graph.nodeCount) nodes")
    report.add(notes: obstacles, prefix: "no derivative: ")
    if !blocked.isEmpty {
      report.add(
        notes: [blocked.joined(separator: ", ")], prefix: "without a gradient for that reason: ")
    }
    if !innerOperators.isEmpty {
      report.add(
        notes: [
          "operators of Lapidary's own, which other tools cannot run: "
            + innerOperators.joined(separator: ", ")
        ], prefix: "")
    }
    return report
  }
}
