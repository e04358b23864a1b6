/// Some of a model's atoms.
struct AtomSet: Equatable {
  private var members: [Bool]
  private(set) var isEmpty = true

  /// No atom of a model with `count` slots.
  init(slots count: Int) { members = Array(repeating: false, count: count) }

  /// Adds an atom by its representative.
  mutating func insert(_ atom: Int) {
    members[atom] = true
    isEmpty = false
  }

  /// Adds atoms by their representatives.
  mutating func insert(_ atoms: some Sequence<Int>) { for atom in atoms { insert(atom) } }

  /// Whether an atom is in the set.
  func contains(_ atom: Int) -> Bool { members[atom] }
}
