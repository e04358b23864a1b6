#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Looks for the lowest level that is within a time and not much faster: what was measured at some levels says
/// at which to measure next.
package struct LevelSteering {
  /// Where to measure next.
  package private(set) var level: Int
  /// The highest level that takes too long and the lowest that does not, and what part of the limit each takes.
  private var slow: (level: Int, excess: Double)?
  private var fast: (level: Int, excess: Double)?

  /// How much less than the limit is too little, and what is aimed at: what a model is faster than it has to be,
  /// it loses more than it has to.
  private static let tooFast = 0.95, aim = 0.975

  package init(at level: Int) { self.level = level }

  /// The lowest level that was fast enough.
  package var found: Int? { fast?.level }

  /// A level that is as good as known to be fast enough where none was seen that is.
  package var guess: Int {
    let beyond = (slow?.level ?? level) + Int(TargetSearch.perHalving) / 4
    return fast?.level ?? min(TargetSearch.levels, beyond)
  }

  /// Takes in what part of the limit the level takes.
  ///
  /// - Returns: whether another is to be measured.
  package mutating func take(_ excess: Double) -> Bool {
    let excess = max(excess, 1e-3)
    if excess > 1 {
      if level >= slow?.level ?? 0 { slow = (level, excess) }
    } else {
      if level <= fast?.level ?? .max { fast = (level, excess) }
      if excess >= Self.tooFast { return false }
    }
    let low = (slow?.level ?? 0) + 1, high = (fast?.level ?? TargetSearch.levels + 1) - 1
    guard low <= high else { return false }
    var next: Double
    if let slow, let fast, slow.level < fast.level {
      let part = log(slow.excess / Self.aim) / log(slow.excess / fast.excess)
      next = Double(slow.level) + part * Double(fast.level - slow.level)
    } else {
      next = Double(level) + TargetSearch.perHalving * log2(excess / Self.aim)
    }
    next.round(excess > 1 ? .up : .down)
    level = min(max(Int(next), low), high)
    return true
  }
}
