package import IR
private import Synchronization

/// What must hold between lengths for the rules of nodes to hold, where the lengths are not all
/// numbers: collected while types are inferred.
package final class LengthRelations: Sendable {
  /// One relation of two lengths.
  package struct Relation: Hashable, Sendable {
    /// What must hold.
    package enum Kind: Hashable, Sendable {
      case equal
      /// The lengths are equal, or one of them is 1.
      case broadcast
    }

    package let kind: Kind
    package let a: SymbolicExpression
    package let b: SymbolicExpression

    /// The names in it.
    package var symbols: Set<String> { a.symbols.union(b.symbols) }

    /// Whether it holds for the given lengths; nil where one is missing.
    package func holds(_ lengths: [String: Int]) -> Bool? {
      guard let a = a.evaluated(lengths), let b = b.evaluated(lengths) else { return nil }
      return a == b || kind == .broadcast && (a == 1 || b == 1)
    }
  }

  private let found = Mutex<(order: [Relation], seen: Set<Relation>)>(([], []))

  package init() {}

  /// The relations, each once, in the order of the nodes that ask for them.
  package var all: [Relation] { found.withLock { $0.order } }

  func add(_ kind: Relation.Kind, _ a: Dimension, _ b: Dimension) {
    guard a != b, a.value == nil || b.value == nil, let a = a.expression, let b = b.expression
    else { return }
    let relation = Relation(kind: kind, a: a, b: b)
    found.withLock { found in
      if found.seen.insert(relation).inserted { found.order.append(relation) }
    }
  }
}

extension Inputs {
  /// Says that two lengths must be equal; that two numbers are is for the caller to check.
  package func equate(_ a: Dimension, _ b: Dimension) { relations?.add(.equal, a, b) }

  /// Says that a parameter's axes, the last ones of an input's, must be as long as these or 1.
  package func equateTrailing(_ parameter: Int, _ input: Int) {
    guard relations != nil, let own = shape(parameter), let whole = shape(input) else { return }
    for (length, wanted) in zip(own.dimensions.reversed(), whole.dimensions.reversed())
    where length != 1 { equate(wanted, length) }
  }

  /// Says that two lengths must be equal or one of them 1.
  package func equateBroadcast(_ a: Dimension, _ b: Dimension) { relations?.add(.broadcast, a, b) }
}
