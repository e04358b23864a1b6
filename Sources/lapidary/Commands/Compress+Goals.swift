import ArgumentParser
import Lapidary

/// A search for goals that has ended.
struct FoundGoals {
  /// What was tried and taken.
  var search: TargetSearch
  /// The stages that make the model.
  let stages: [any Stage]
  /// The samples that the choice did not see; nil where there are no labelled ones.
  let reporting: Dataset?

  /// Says in the plan which model was written, and in the report what was found.
  mutating func finish(_ model: Model, _ report: inout Report) throws(ModelError) {
    try search.finish(model)
    search.add(to: &report)
    if search.plan.output != search.plan.choice?.model {
      report.add(warnings: [
        "the model differs from the one that was measured, perhaps on a processor of another kind"
      ])
    }
  }
}

extension Compress {
  /// Searches for the model that meets the goals; nil where there are none.
  ///
  /// - Parameters:
  ///   - recipe: all but the widths.
  ///   - calibration: the samples to fit to; where there are no labelled ones, those held out of
  ///     them choose.
  ///   - labelled: of these three in four choose, and the others report.
  func search(
    _ model: Model, _ recipe: Recipe, _ calibration: Dataset?, _ labelled: Dataset?,
    _ progress: Progress
  ) throws(ModelError) -> FoundGoals? {
    let earlier = try goals.earlierPlan()
    guard goals.isGiven || earlier != nil else {
      if goals.plan != nil {
        throw ModelError(
          .request, "--plan: expected a goal, or a plan to do again, found neither",
          hint: "give --max-bytes, --max-loss or another goal")
      }
      return nil
    }
    guard let calibration else {
      throw ModelError(
        .request, "a goal: expected calibration data to measure with, found none",
        hint: "give --calibration DATA")
    }
    let parts = labelled?.parts
    var setting = TargetSearch.Setting(
      calibration: calibration, choosing: parts?.fit ?? calibration.parts.proof,
      options: runOptions.session(), verification: verification.verification(runOptions))
    setting.dimensions = dimensions.dim
    setting.progress = { progress.update($0) }
    setting.plan = earlier
    setting.latencies = try goals.latencies()
    let jobs = (goals.jobs ?? goals.pareto.map { $0 + "/jobs" }).map { JobFolder($0) }
    setting.jobs = jobs
    if let path = goals.plan {
      setting.keep = { plan throws(ModelError) in try TextFile.write(try plan.json(), to: path) }
    }
    let wanted = goals.isGiven ? goals.goals : earlier?.goals ?? goals.goals
    var search = try TargetSearch(model, recipe, goals: wanted, setting)
    var front: ParetoFront?
    if goals.pareto != nil, let jobs { front = try ParetoFront(&search, jobs) }
    let found = try search.find()
    if let pareto = goals.pareto {
      front?.update(search)
      try front?.write(to: pareto)
    }
    return FoundGoals(
      search: search, stages: search.stages(for: found), reporting: parts?.proof)
  }
}
