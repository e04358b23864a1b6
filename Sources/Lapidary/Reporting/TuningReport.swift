internal import Gradients
public import Reports
internal import Samples

extension Tuning {
  /// What `tune` reports.
  public func report(notes: [String]) -> Report {
    var report = Report()
    report.add(
      data: [
        "steps": .int(outcome.steps), "kept_step": .int(outcome.best),
        "weights": .int(outcome.adapted), "loss_before": .number(outcome.before),
        "loss_after": .number(outcome.after),
      ])
    report.add(
      "result",
      "\(outcome.steps) steps in \(NumberText.decimal(seconds, 1)) s: objective "
        + "\(NumberText.decimal(outcome.before, 4)) -> \(NumberText.decimal(outcome.after, 4)) on "
        + proof.part.describe(proof.count))
    report.add(
      "kept",
      outcome.best == 0
        ? "no step was better: the model is as it was"
        : "kept the \(outcome.adapted) weights of step \(outcome.best)")
    report.add(notes: compared, prefix: "compared ")
    report.add(notes: notes + outcome.notes, prefix: "")
    return report
  }
}
