internal import Operators

/// Sorts atoms into groups (pruning.md, "State").
struct ChannelGroups {
  let groups: [ChannelGroup]
  /// The group of each atom; -1 for atoms that no weight makes.
  private let groupOfAtom: [Int32]

  init(_ coupling: inout Coupling) {
    let (makers, order) = MakerLists.find(coupling)
    let blocks = BlockPlaces(&coupling)
    let members = Self.members(order, makers, blocks, coupling.multiplied)
    groups = members.enumerated().map { index, atoms in
      let (runs, places) = blocks.runs(of: atoms)
      let atoms = runs.flatMap { $0 }
      var frozen = atoms.map { coupling.reasonNumber($0) }
      // Two ways of cutting may share out runs of any length, more of them a fraction of each run.
      let sizes = runs.map(\.count)
      let isShared =
        BlockShares(sizes: sizes, places: places, exact: sizes.map(Double.init)) != nil
      if Set(sizes).count > 1, !isShared, sizes.reduce(0, greatestCommonDivisor) == 1 {
        let reason = coupling.number(
          of: "blocks of grouped operators cut it into runs whose lengths have no common divisor")
        for place in frozen.indices where frozen[place] == nil { frozen[place] = reason }
      }
      var ranges: [Range<Int>] = []
      for run in runs {
        let start = ranges.last?.upperBound ?? 0
        ranges.append(start..<start + run.count)
      }
      let shares = makers.shares(of: atoms)
      return ChannelGroup(
        index: index, atoms: atoms, runs: ranges, places: places,
        producers: shares.map(\.producer), shares: shares.map(\.channels), frozen: frozen)
    }
    var groupOfAtom = [Int32](repeating: -1, count: coupling.space.count)
    for group in groups {
      for atom in group.atoms { groupOfAtom[atom] = Int32(group.index) }
    }
    self.groupOfAtom = groupOfAtom
  }

  /// The group of an atom; nil for atoms that no weight makes.
  func group(of atom: Int) -> Int? { groupOfAtom[atom] < 0 ? nil : Int(groupOfAtom[atom]) }

  /// The groups of some slots' atoms.
  func groups(of slots: Range<Int>, _ coupling: Coupling) -> Set<Int> {
    var found: Set<Int> = []
    var last: Int32 = -1
    for slot in slots {
      let group = groupOfAtom[coupling.atom(slot)]
      if group != last, group >= 0 { found.insert(Int(group)) }
      last = group
    }
    return found
  }

  /// What the atoms of a group share: the weights that make them, and whether a product of two
  /// activations sums over them.
  private struct MakerKey: Hashable {
    let list: Int32
    let isMultiplied: Bool
  }

  /// Atoms with the same makers form a group; equal-count constraints join groups.
  private static func members(
    _ order: [Int], _ makers: MakerLists, _ blocks: BlockPlaces, _ multiplied: Set<Int>
  ) -> [[Int]] {
    var groupOfList: [MakerKey: Int] = [:]
    var groupOfConstraint: [Int: Int] = [:]
    var members: [[Int]] = []
    for atom in order {
      let list = MakerKey(
        list: makers.list(of: atom), isMultiplied: multiplied.contains(atom))
      let constraint = blocks[atom].first?.constraint
      let known = constraint.map { groupOfConstraint[$0] } ?? groupOfList[list]
      if let known {
        members[known].append(atom)
      } else {
        if let constraint {
          groupOfConstraint[constraint] = members.count
        } else {
          groupOfList[list] = members.count
        }
        members.append([atom])
      }
    }
    guard !blocks.isEmpty else { return members }
    var joined = UnionFind(count: members.count)
    var first: [Int: Int] = [:]
    for (group, atoms) in members.enumerated() {
      for place in atoms.flatMap({ blocks[$0] }) {
        if let other = first[place.constraint] {
          joined.unite(other, group)
        } else {
          first[place.constraint] = group
        }
      }
    }
    var merged: [Int: Int] = [:]
    var result: [[Int]] = []
    for group in members.indices {
      let root = joined.root(group)
      if let known = merged[root] {
        result[known] += members[group]
      } else {
        merged[root] = result.count
        result.append(members[group])
      }
    }
    return result
  }
}

extension Coupling {
  /// Atoms that a product of two activations sums over. They compete with their like only: queries and
  /// keys do not compare with values although one weight may make all three.
  fileprivate var multiplied: Set<Int> {
    var atoms: Set<Int> = []
    for role in consumers where !facts.hasWeight(role.node, role.axis.port) {
      for slot in role.slots { atoms.insert(atom(slot)) }
    }
    return atoms
  }
}
