internal import Samples

extension TargetSearch {
  /// Levels between two candidates that are told apart when only the loss is bounded: 4 % of the cost.
  private static let grain = 8
  /// Levels of the first drafts, half and a quarter of the cost, and how far further ones go.
  private static let drafts = [128, 256], furthest = 512
  /// How many models are tuned where one of them holds, and where none does.
  private static let tunings = 2, mostTunings = 5
  /// What is aimed at of the loss that is allowed, once a model lost more than was foretold.
  private static let caution = 0.85
  /// A model that loses less than this part of what is allowed is no end yet.
  private static let room = 0.6

  /// The candidate of the highest level whose loss is within the limit; of level 0 where none is.
  mutating func furthestThatHolds(_ kinds: [Numbers]) throws(ModelError) -> Candidate {
    var whole: Candidate?
    for kind in kinds {
      let first = try candidate(.init(level: 0, kind))
      guard goals.allows(first) else {
        whole = whole.map { nearer($0, first) } ?? first
        continue
      }
      guard canCut else { return try smallest(first, kinds) }
      return maker.tunes ? try furthestTuned(first, kinds) : try furthestByHalves(first)
    }
    if let whole { return whole }
    return try candidate(.init(level: 0, kinds[0]))
  }

  /// Of what cannot be cut, or with fewer bits where that holds too.
  private mutating func smallest(
    _ first: Candidate, _ kinds: [Numbers]
  ) throws(ModelError) -> Candidate {
    guard kinds.contains(.int4), first.place.numbers == .int8 else { return first }
    let few = try candidate(.init(level: 0, .int4))
    return goals.allows(few) && few.costs.bytes < first.costs.bytes ? few : first
  }

  /// Without tuning models are soon made: bisection.
  private mutating func furthestByHalves(_ first: Candidate) throws(ModelError) -> Candidate {
    var found = first
    var high = Self.levels
    while high - found.place.level > Self.grain {
      let middle = (found.place.level + high) / 2
      let next = try candidate(.init(level: middle, first.place.numbers))
      if goals.allows(next) { found = next } else { high = middle }
    }
    return found
  }

  /// Drafts say how noise grows with the level, and where a tuned model is worth a try; each that was
  /// made says where the next is.
  private mutating func furthestTuned(
    _ whole: Candidate, _ kinds: [Numbers]
  ) throws(ModelError) -> Candidate {
    guard let limit = goals.loss else { return whole }
    var (first, points) = (whole, try drafted(whole))
    if kinds.contains(.int4), first.place.numbers == .int8 {
      let few = try candidate(.init(level: 0, .int4))
      if goals.allows(few) {
        let own = try drafted(few)
        let size = try foretoldSize(points, .int8)
        if try foretoldSize(own, .int4) < size { (first, points) = (few, own) }
      }
    }
    func place(_ level: Int) -> Candidate.Place { .init(level: level, first.place.numbers) }
    var best = first
    var high = Self.levels
    for attempt in 0..<Self.mostTunings {
      let lost = best.loss?.upperBound ?? limit
      guard attempt < Self.tunings || best.place.level == 0 || lost < Self.room * limit,
        high - best.place.level > Self.grain
      else { break }
      let lowest = best.place.level + Self.grain
      let range = lowest...max(lowest, high - Self.grain)
      let aim = high < Self.levels ? Self.caution * limit : limit
      var level = LossForecast(points).level(losing: aim, in: range)
      // What loses more again and again is not what is foretold.
      if attempt > Self.tunings { level = min(level, (best.place.level + high) / 2) }
      if attempt > 0, best.place.level > 0, level <= range.lowerBound { break }
      let next = try candidate(place(level))
      points += [LossForecast.Point(next)].compactMap { $0 }
      if goals.allows(next) { best = next } else { high = level }
    }
    return best
  }

  /// What is known of noise and loss at several levels, from a whole model and drafts.
  private mutating func drafted(_ first: Candidate) throws(ModelError) -> [LossForecast.Point] {
    guard let limit = goals.loss else { return [] }
    var points = [first, try untuned(first.place.numbers)].compactMap { $0 }
      .compactMap { LossForecast.Point($0) }
    var levels = Self.drafts
    while let level = levels.first {
      levels.removeFirst()
      let draft = try candidate(.init(level: level, first.place.numbers, isDraft: true))
      points += [LossForecast.Point(draft)].compactMap { $0 }
      guard levels.isEmpty, points.count(where: { $0.level > 0 }) < 4 else { continue }
      // Between drafts noise is known, and not far beyond them.
      let aim = LossForecast(points).level(losing: limit, in: 0...Self.levels)
      if aim > level, level < Self.furthest { levels.append(level + Self.drafts[0]) }
      if aim < Self.drafts[0] / 2, !points.contains(where: { $0.level == Self.drafts[0] / 2 }) {
        levels.append(Self.drafts[0] / 2)
      }
    }
    return points
  }

  /// How small a model comes out with such numbers as far as that can be foretold: halving its bytes
  /// counts as much as halving its multiply-accumulates.
  private mutating func foretoldSize(
    _ points: [LossForecast.Point], _ numbers: Numbers
  ) throws(ModelError) -> Double {
    guard let limit = goals.loss else { return 0 }
    let level = LossForecast(points).level(losing: limit, in: 0...Self.levels)
    let costs = try outline(.init(level: level, numbers))
    return Double(costs.bytes) * Double(costs.macs)
  }
}

extension LossForecast.Point {
  /// What was seen of a candidate; nil where no loss was measured.
  fileprivate init?(_ candidate: Candidate) {
    guard let loss = candidate.loss else { return nil }
    self.init(
      level: candidate.place.level, isDraft: candidate.place.isDraft, noise: loss.noise,
      bound: loss.upperBound)
  }
}
