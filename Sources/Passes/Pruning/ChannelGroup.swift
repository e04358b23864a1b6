internal import IR
internal import Operators

/// Channels that the same weights make, and how many of them may go together.
struct ChannelGroup {
  /// A stable number, in the order of the weights in the graph.
  let index: Int
  /// Runs of atoms that must keep equal numbers: one run for most groups, one a block where a
  /// grouped convolution needs its blocks to stay equal. Atoms in ascending order of channels.
  let classes: [[Int]]
  /// The producing roles, as positions in `Coupling.producers`.
  let producers: [Int]
  /// Why atoms cannot go.
  let frozen: [Int: String]

  /// All atoms, run by run.
  var atoms: [Int] { classes.flatMap { $0 } }
  /// The number of channels.
  var count: Int { classes.reduce(0) { $0 + $1.count } }
}

/// Sorts atoms into groups (PRUNING.md, "State").
struct ChannelGroups {
  let groups: [ChannelGroup]

  init(_ coupling: inout Coupling) {
    // The weights that make each atom.
    var seen: [Range<Int>: Int] = [:]
    var makers: [Int: [Int]] = [:]
    var atomOrder: [Int] = []
    for (position, role) in coupling.producers.enumerated() where seen[role.slots] == nil {
      seen[role.slots] = position
      for slot in role.slots {
        let atom = coupling.atom(slot)
        if makers[atom] == nil { atomOrder.append(atom) }
        if makers[atom]?.last != position { makers[atom, default: []].append(position) }
      }
    }

    // Blocks that an atom lies in.
    var places: [Int: [BlockPlace]] = [:]
    for (number, constraint) in coupling.blocks.enumerated() {
      let length = constraint.slots.count / constraint.count
      var hits: [Int: [Int: Int]] = [:]
      for (offset, slot) in constraint.slots.enumerated() {
        hits[coupling.atom(slot), default: [:]][offset / length, default: 0] += 1
      }
      // The same number in every block keeps the blocks equal by itself; all others must have as
      // many slots as each other, in one block (channels behind a shuffle have several).
      let partial = hits.filter {
        Set($0.value.values).count > 1 || $0.value.count < constraint.count
      }
      let sizes = partial.values.filter { $0.count == 1 }.flatMap(\.values)
      let common = Dictionary(grouping: sizes) { $0 }.max {
        ($0.value.count, $1.key) < ($1.value.count, $0.key)
      }
      for (atom, blocks) in partial.sorted(by: { $0.key < $1.key }) {
        guard blocks.count == 1, let (block, size) = blocks.first, size == common?.key else {
          coupling.freeze(atom, "it lies unevenly in the blocks of a grouped operator")
          continue
        }
        places[atom, default: []].append(BlockPlace(constraint: number, block: block))
      }
    }

    // Atoms with the same makers form a group; equal-count constraints join groups.
    var keys: [Key: Int] = [:]
    var members: [[Int]] = []
    for atom in atomOrder {
      let blocks = places[atom] ?? []
      let key: Key = blocks.isEmpty ? .makers(makers[atom]!) : .constraint(blocks[0].constraint)
      if let known = keys[key] {
        members[known].append(atom)
      } else {
        keys[key] = members.count
        members.append([atom])
      }
    }
    var joined = UnionFind(count: members.count)
    var groupOfConstraint: [Int: Int] = [:]
    for (group, atoms) in members.enumerated() {
      for place in atoms.flatMap({ places[$0] ?? [] }) {
        if let other = groupOfConstraint[place.constraint] {
          joined.unite(other, group)
        } else {
          groupOfConstraint[place.constraint] = group
        }
      }
    }
    var merged: [Int: [Int]] = [:]
    var order: [Int] = []
    for group in members.indices {
      let root = joined.root(group)
      if merged[root] == nil { order.append(root) }
      merged[root, default: []] += members[group]
    }

    groups = order.enumerated().map { index, root in
      let atoms = merged[root]!
      var runs: [[BlockPlace]: [Int]] = [:]
      var runOrder: [[BlockPlace]] = []
      for atom in atoms {
        let key = places[atom] ?? []
        if runs[key] == nil { runOrder.append(key) }
        runs[key, default: []].append(atom)
      }
      let classes = runOrder.map { runs[$0]! }
      var frozen: [Int: String] = [:]
      for atom in atoms { frozen[atom] = coupling.reason(atom) }
      if Set(classes.map(\.count)).count > 1 {
        for atom in atoms where frozen[atom] == nil {
          frozen[atom] = "blocks of grouped operators cut it into unequal runs"
        }
      }
      let positions = Set(atoms.flatMap { makers[$0]! }).sorted()
      return ChannelGroup(index: index, classes: classes, producers: positions, frozen: frozen)
    }
  }

  private struct BlockPlace: Hashable {
    let constraint: Int
    let block: Int
  }

  private enum Key: Hashable {
    case makers([Int])
    case constraint(Int)
  }
}
