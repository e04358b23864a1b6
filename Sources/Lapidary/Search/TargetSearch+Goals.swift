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
    let kinds = maker.recipe.quantization == nil ? [false] : [true, false]
    let found =
      goals.boundsCost ? try leastThatFits(kinds) : try furthestThatHolds(kinds)
    try choose(found, missed: missed(found))
    return found
  }

  private func fits(_ costs: ModelCosts) -> Bool {
    guard let original = plan.original else { return true }
    return goals.excess(costs, original: original) <= 1
  }

  private func excess(_ costs: ModelCosts) -> Double {
    plan.original.map { goals.excess(costs, original: $0) } ?? 0
  }

  /// Whether a candidate is all that is asked for.
  private func meets(_ candidate: Candidate) -> Bool {
    fits(candidate.costs) && goals.allows(candidate)
  }

  /// The candidate of the lowest level whose costs are within the limits; where none is, that which
  /// exceeds them least. Numbers of 32 bits come into question where integers are slower, or lose too
  /// much.
  private mutating func leastThatFits(_ kinds: [Bool]) throws(ModelError) -> Candidate {
    var best: Candidate?
    for kind in try order(kinds) {
      guard let found = try leastThatFits(kind) else { continue }
      if meets(found) { return found }
      best = best.map { nearer($0, found) } ?? found
    }
    if let best { return best }
    return try candidate(.init(level: Self.levels, isQuantized: kinds[0]))
  }

  /// Which kind of numbers to try first: those that run faster where time counts.
  private mutating func order(_ kinds: [Bool]) throws(ModelError) -> [Bool] {
    guard goals.latency != nil, kinds.count > 1 else { return kinds }
    let shares = [
      excess(try outline(.init(level: Self.levels, isQuantized: kinds[0]))),
      excess(try outline(.init(level: Self.levels, isQuantized: kinds[1]))),
    ]
    return shares[0] <= shares[1] ? kinds : kinds.reversed()
  }

  /// Of two candidates of which neither meets the goals, that which comes nearer to them.
  func nearer(_ a: Candidate, _ b: Candidate) -> Candidate {
    if fits(a.costs) != fits(b.costs) { return fits(a.costs) ? a : b }
    if fits(a.costs) { return (a.loss?.points ?? 0) <= (b.loss?.points ?? 0) ? a : b }
    return excess(a.costs) <= excess(b.costs) ? a : b
  }

  /// The same for one kind of numbers; nil where the limits cannot be met.
  private mutating func leastThatFits(_ isQuantized: Bool) throws(ModelError) -> Candidate? {
    func place(_ level: Int) -> Candidate.Place { .init(level: level, isQuantized: isQuantized) }
    // What cannot be reached is found before anything else is tried.
    guard fits(try outline(place(Self.levels))) else { return nil }
    if fits(try outline(place(0))) {
      let whole = try candidate(place(0))
      if fits(whole.costs) { return whole }
    }
    var low = 0, high = Self.levels
    while high - low > 1 {
      let middle = (low + high) / 2
      if fits(try outline(place(middle))) { high = middle } else { low = middle }
    }
    if goals.latency != nil { return try onTime(place(high)) }
    var found = try candidate(place(high))
    // What was foretold is not always what is measured.
    while !fits(found.costs), high < Self.levels {
      let step = Self.perHalving * log2(max(excess(found.costs), 1))
      high = min(Self.levels, high + max(1, Int(step.rounded(.up))))
      found = try candidate(place(high))
    }
    return found
  }

  /// How much less than the limit is too little: what a model is faster than it has to be, it loses more
  /// than it has to.
  private static let tooFast = 0.95, aim = 0.975
  /// How often a time that is missed moves the plan.
  private static let moves = 4

  /// The candidate of the lowest level that is within the time, and not much faster: what is measured at
  /// one level says at which the next is tried.
  private mutating func onTime(_ start: Candidate.Place) throws(ModelError) -> Candidate {
    var level = start.level
    var slow = 0, fast = Self.levels + 1
    var best: Candidate?, nearest: Candidate?
    for _ in 0..<Self.moves {
      let found = try candidate(.init(level: level, isQuantized: start.isQuantized))
      let excess = excess(found.costs)
      if excess <= 1 {
        if best.map({ $0.place.level > level }) ?? true { best = found }
        fast = min(fast, level)
        if excess >= Self.tooFast { break }
      } else {
        if nearest.map({ self.excess($0.costs) > excess }) ?? true { nearest = found }
        slow = max(slow, level)
      }
      let step = Self.perHalving * log2(max(excess, 1e-3) / Self.aim)
      let next = level + Int(step.rounded(excess > 1 ? .up : .down))
      level = min(max(next, slow + 1), fast - 1)
      guard level > slow, level < fast, level <= Self.levels else { break }
    }
    if let best { return best }
    if let nearest, slow >= Self.levels { return nearest }
    return try candidate(
      .init(
        level: min(Self.levels, slow + Int(Self.perHalving) / 4), isQuantized: start.isQuantized))
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
