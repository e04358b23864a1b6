/// How much of a model's cost was to stay, and how much stays.
public struct PruningBudget: Hashable, Sendable {
  /// What was asked for, as a fraction of the cost before.
  public let wanted: Double
  /// What was reached.
  public let reached: Double

  /// Makes a statement.
  public init(wanted: Double, reached: Double) {
    self.wanted = wanted
    self.reached = reached
  }

  /// Whether it was met within one percent of what was asked for.
  public var isMet: Bool { abs(reached - wanted) <= wanted / 100 }
  /// Whether more stays than was asked for, by more than one percent of that.
  public var isExceeded: Bool { reached - wanted > wanted / 100 }
}
