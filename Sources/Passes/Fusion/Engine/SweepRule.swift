internal import IR
internal import Rewriting

/// A rewrite that compares all nodes or constants of a graph with each other, once a round.
protocol SweepRule: Sendable {
  /// The rule's name on the command line.
  static var name: String { get }
  /// What the rule does, in one line.
  static var summary: String { get }
  init()
  /// Applies the rule to the whole graph; linear in its size.
  func apply(to net: inout Rewriter, _ journal: inout Journal) throws(ModelError)
}

/// A rewrite that puts the graphs that nodes hold in these nodes' places, once a round.
protocol BodyRule: Sendable {
  /// The rule's name on the command line.
  static var name: String { get }
  /// What the rule does, in one line.
  static var summary: String { get }
  init()
  /// Applies the rule to a graph.
  func apply(to graph: inout Graph, _ scope: Scope, _ journal: inout Journal) throws(ModelError)
}
