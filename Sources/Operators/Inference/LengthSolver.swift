import IR

/// Finds lengths for names from relations between them.
package struct LengthSolver {
  /// Longer lengths are not tried where a relation is no equation of degree one.
  private static let longest = 4096

  /// The lengths found or chosen so far.
  package private(set) var lengths: [String: Int]
  private let relations: [LengthRelations.Relation]

  /// - Parameter names: the names that relations may be about; those about others do not count.
  package init(
    _ relations: [LengthRelations.Relation], over names: Set<String>, lengths: [String: Int] = [:]
  ) {
    self.relations = relations.filter { $0.symbols.isSubset(of: names) }
    self.lengths = lengths
    propagate()
  }

  /// Whether a relation is broken, as far as lengths are known.
  package var isBroken: Bool { relations.contains { $0.holds(lengths) == false } }

  /// Gives names one common length: the shortest from a preferred one on with which the relations
  /// hold, and the preferred one where there is none. What follows is found then.
  package mutating func choose(_ names: [String], from preferred: Int) {
    let names = names.filter { lengths[$0] == nil }
    guard !names.isEmpty else { return }
    let open = Set(names)
    let concerned = relations.filter {
      let symbols = $0.symbols
      return !symbols.isDisjoint(with: open)
        && symbols.allSatisfy { open.contains($0) || lengths[$0] != nil }
    }
    var trial = lengths
    func fits(_ length: Int) -> Bool {
      for name in names { trial[name] = length }
      return concerned.allSatisfy { $0.holds(trial) != false }
    }
    let last = concerned.isEmpty ? preferred : max(preferred, Self.longest)
    let length = (preferred...last).first(where: fits) ?? preferred
    for name in names { lengths[name] = length }
    propagate()
  }

  /// Takes the longer side where a length may be 1 or a given number, for names other than those
  /// of `batch`: weights tell more about it than the 1 that would broadcast.
  package mutating func widen(except batch: Set<String>) {
    for relation in relations where relation.kind == .broadcast {
      let open = relation.symbols.filter { lengths[$0] == nil }
      guard open.count == 1, let name = open.first, !batch.contains(name),
        let length = Self.root(relation, name, lengths)
      else { continue }
      let before = lengths
      lengths[name] = length
      propagate()
      if isBroken { lengths = before }
    }
  }

  /// Finds every length that an equation determines.
  private mutating func propagate() {
    var isDone = false
    while !isDone {
      isDone = true
      for relation in relations where relation.kind == .equal {
        let open = relation.symbols.filter { lengths[$0] == nil }
        guard open.count == 1, let name = open.first,
          let length = Self.root(relation, name, lengths)
        else { continue }
        lengths[name] = length
        isDone = false
      }
    }
  }

  /// The only length of a name with which both sides are equal, where they are of degree one in it.
  private static func root(
    _ relation: LengthRelations.Relation, _ name: String, _ lengths: [String: Int]
  ) -> Int? {
    func difference(_ length: Int) -> Int? {
      var trial = lengths
      trial[name] = length
      guard let a = relation.a.evaluated(trial), let b = relation.b.evaluated(trial) else {
        return nil
      }
      let (result, isTooLong) = a.subtractingReportingOverflow(b)
      return isTooLong || abs(result) > 1 << 40 ? nil : result
    }
    // Odd distances, so that what rounds does not look like a line.
    guard let one = difference(1), let two = difference(2), let far = difference(98),
      two != one, far - one == (two - one) * 97,
      one.isMultiple(of: two - one)
    else { return nil }
    let length = 1 - one / (two - one)
    return length >= 1 && difference(length) == 0 ? length : nil
  }
}
