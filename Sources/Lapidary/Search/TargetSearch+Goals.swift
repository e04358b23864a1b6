public import IR
internal import Reports
public import Samples

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

extension TargetSearch {
  /// Finds the candidate that meets the goals or comes nearest, and takes it.
  ///
  /// Where costs are bounded it is the one that goes least far among those that meet them; where only
  /// the loss is, the one that goes furthest.
  @discardableResult
  public mutating func find() throws(ModelError) -> Candidate {
    let kinds = try withMixedBits(
      try maker.numbers(few: goals.bytes != nil || !goals.boundsCost))
    let found =
      goals.boundsCost ? try leastThatFits(kinds) : try furthestThatHolds(kinds)
    try choose(found, missed: missed(found))
    return found
  }

  func fits(_ costs: ModelCosts) -> Bool {
    guard let original = plan.original else { return true }
    return goals.excess(costs, original: original) <= 1
  }

  func excess(_ costs: ModelCosts) -> Double {
    plan.original.map { goals.excess(costs, original: $0) } ?? 0
  }

  /// Whether a candidate is all that is asked for.
  private func meets(_ candidate: Candidate) -> Bool {
    fits(candidate.costs) && goals.allows(candidate)
  }

  /// The candidate of the lowest level whose costs are within the limits; where none is, that which
  /// exceeds them least. Other numbers come into question where the first are slower, or lose too much.
  private mutating func leastThatFits(_ kinds: [Numbers]) throws(ModelError) -> Candidate {
    var best: Candidate?
    for kind in try order(kinds) {
      guard let found = try leastThatFits(kind) else { continue }
      if meets(found) { return found }
      best = best.map { nearer($0, found) } ?? found
    }
    if let best { return best }
    var nearest: (place: Candidate.Place, excess: Double)?
    for kind in kinds {
      let place = Candidate.Place(level: Self.levels, kind)
      let excess = excess(try outline(place))
      if nearest.map({ excess < $0.excess }) ?? true { nearest = (place, excess) }
    }
    return try candidate(nearest?.place ?? .init(level: Self.levels, .float))
  }

  /// Which kind of numbers to try first: those that run faster where time counts, else those of which
  /// less is lost within the limits.
  private mutating func order(_ kinds: [Numbers]) throws(ModelError) -> [Numbers] {
    guard goals.latency != nil else {
      return kinds.contains(.int4) ? try leastLossFirst(kinds) : kinds
    }
    var shares: [(kind: Numbers, excess: Double)] = []
    for kind in kinds {
      shares.append((kind, excess(try outline(.init(level: Self.levels, kind)))))
    }
    let least = shares.min { $0.excess < $1.excess }?.kind ?? kinds[0]
    return [least] + kinds.filter { $0 != least }
  }

  /// Of two candidates of which neither meets the goals, that which comes nearer to them.
  func nearer(_ a: Candidate, _ b: Candidate) -> Candidate {
    if fits(a.costs) != fits(b.costs) { return fits(a.costs) ? a : b }
    if fits(a.costs) { return (a.loss?.points ?? 0) <= (b.loss?.points ?? 0) ? a : b }
    return excess(a.costs) <= excess(b.costs) ? a : b
  }

  /// The lowest level at which what can be counted is within the limits; nil where none is.
  ///
  /// Costs go much as powers of the level do, so that it is looked for on a line between the logarithms
  /// of what is known, and in the middle where that does not come near.
  mutating func lowestThatFits(_ numbers: Numbers) throws(ModelError) -> Int? {
    // What cannot be reached is found before anything else is tried.
    let least = excess(try outline(.init(level: Self.levels, numbers)))
    guard least <= 1 else { return nil }
    let most = excess(try outline(.init(level: 0, numbers)))
    guard most > 1 else { return 0 }
    var (low, high) = (0, Self.levels)
    var (above, below) = (log2(most), log2(max(least, .leastNormalMagnitude)))
    var halves = false
    while high - low > 1 {
      let width = Double(high - low)
      let part = halves ? 0.5 : above / (above - below)
      let middle = min(max(low + Int((width * part).rounded()), low + 1), high - 1)
      let found = excess(try outline(.init(level: middle, numbers)))
      if found <= 1 {
        (high, below) = (middle, log2(max(found, .leastNormalMagnitude)))
      } else {
        (low, above) = (middle, log2(found))
      }
      halves = Double(high - low) > width / 2
    }
    return high
  }

  /// The candidate of the lowest level within the limits for one kind of numbers; nil where they cannot
  /// be met.
  private mutating func leastThatFits(_ numbers: Numbers) throws(ModelError) -> Candidate? {
    func place(_ level: Int) -> Candidate.Place { .init(level: level, numbers) }
    guard var level = try lowestThatFits(numbers) else { return nil }
    if goals.latency != nil, level > 0 { return try onTime(place(level)) }
    var found = try candidate(place(level))
    // What was foretold is not always what is measured.
    while !fits(found.costs), level < Self.levels {
      let step = Self.perHalving * log2(max(excess(found.costs), 1))
      level = min(Self.levels, level + max(1, Int(step.rounded(.up))))
      found = try candidate(place(level))
    }
    return found
  }

  private func missed(_ candidate: Candidate) -> [String] {
    var lines: [String] = []
    if let original = plan.original {
      for bound in goals.bounds(candidate.costs, original) where bound.value > bound.limit {
        lines.append(
          "\(bound.name): expected \(bound.text(bound.limit)) at most, nearest reached \(bound.text(bound.value))"
        )
      }
    }
    if let limit = goals.loss, let loss = candidate.loss, loss.upperBound > limit {
      lines.append(
        "loss: expected \(NumberText.decimal(limit, 2)) points at most with 95 % confidence, nearest reached \(loss.text)"
      )
    }
    return lines
  }
}

extension OutputLoss {
  /// The loss in words: `0.35 points (0.85 with 95 % confidence) of accuracy on 1000 samples`.
  public var text: String {
    let points = NumberText.decimal(self.points, 2)
    guard basis != .error else {
      return "an error of \(points) % of the outputs' root mean square on \(samples) samples"
    }
    let what = basis == .accuracy ? "of accuracy" : "of agreement with the original"
    return
      "\(points) points (\(NumberText.decimal(upperBound, 2)) with 95 % confidence) \(what) on \(samples) samples"
  }
}
