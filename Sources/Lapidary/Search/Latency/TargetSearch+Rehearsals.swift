internal import IR
internal import Samples

extension TargetSearch {
  /// How often a time that is missed moves the plan: before models are tuned, and after.
  private static let rehearsals = 6, moves = 4

  /// The candidate that loses least of those made at the lowest levels that are within the time.
  ///
  /// A time does not depend on what weights are, so that the widths that would be taken at a level are timed
  /// first, and a model is made in earnest where they are as fast as they have to be.
  mutating func onTime(_ start: Candidate.Place) throws(ModelError) -> Candidate {
    func place(_ level: Int) -> Candidate.Place { .init(level: level, start.numbers) }
    var rehearsal = LevelSteering(at: start.level)
    for _ in 0..<Self.rehearsals {
      guard rehearsal.take(excess(try rehearse(place(rehearsal.level)))) else { break }
    }
    var steering = LevelSteering(at: rehearsal.guess)
    var nearest: Candidate?
    for _ in 0..<Self.moves {
      let found = try candidate(place(steering.level))
      let excess = excess(found.costs)
      if excess > 1, nearest.map({ self.excess($0.costs) > excess }) ?? true { nearest = found }
      guard steering.take(excess) else { break }
    }
    if steering.found == nil, steering.level >= Self.levels, let nearest { return nearest }
    let last = try candidate(place(steering.guess))
    // Of models a few levels apart the one that is cut further may lose less.
    let fitting = plan.tried.filter {
      $0.place.numbers == start.numbers && !$0.place.isDraft && fits($0.costs)
    }
    func loss(_ candidate: Candidate) -> Double { candidate.loss?.points ?? 0 }
    return fitting.min { (loss($0), $0.place) < (loss($1), $1.place) } ?? last
  }

  /// What the widths that a place would take cost before anything is fitted to them, measured now or known.
  mutating func rehearse(_ place: Candidate.Place) throws(ModelError) -> ModelCosts {
    let place = settled(place)
    if let known = rehearsal(place) { return known.costs }
    let progress = progress
    let widths = try maker.chosen(try problem(place)) { progress.show("timing", $0) }
    let costs = try maker.outline(place, widths, stores: true)
    let all = (plan.rehearsals ?? []) + [.init(place: place, widths: widths, costs: costs)]
    plan.rehearsals = all.sorted { $0.place < $1.place }
    try keep(plan)
    return costs
  }

  /// What was timed for a place; nil where nothing was.
  func rehearsal(_ place: Candidate.Place) -> CompressionPlan.Rehearsal? {
    plan.rehearsals?.first { $0.place == place }
  }
}
