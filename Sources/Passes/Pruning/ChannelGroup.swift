internal import IR
internal import Operators

/// Channels that the same weights make, and how many of them may go together.
struct ChannelGroup {
  /// A stable number, in the order of the weights in the graph.
  let index: Int
  /// All atoms, run by run.
  let atoms: [Int]
  /// Runs of `atoms` that must keep equal numbers: one run for most groups, one a block where a
  /// grouped convolution needs its blocks to stay equal. Atoms in ascending order of channels.
  let runs: [Range<Int>]
  /// For each run its block in every grouped operator that cuts it.
  let places: [[BlockPlace]]
  /// The producing roles, as positions in `Coupling.producers`.
  let producers: [Int]
  /// How many channels of each of them the group is.
  let shares: [Int]
  /// For each of `atoms` why it cannot go; nil when it can.
  let frozen: [ReasonNumber?]

  /// A block of an axis that consists of blocks.
  struct BlockPlace: Hashable {
    let constraint: Int
    let block: Int
  }

  /// The number of channels.
  var count: Int { atoms.count }
}

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

/// The weights that make each atom, channel by channel, as lists of which each is held once.
private struct MakerLists {
  /// A weight, and how many of its channels an atom is.
  struct Maker {
    let producer: Int
    var channels: Int
  }

  private struct Longer: Hashable {
    let list: Int32
    let position: Int
  }

  /// The number of each atom's list; 0 for the empty list.
  private var numbers: [Int32]
  private var lists: [[Maker]] = [[]]
  private var longer: [Longer: Int32] = [:]
  private var last: (key: Longer, list: Int32)?

  /// The makers of all atoms, and the atoms in the order in which weights make them.
  static func find(_ coupling: Coupling) -> (lists: MakerLists, order: [Int]) {
    var lists = MakerLists(numbers: Array(repeating: 0, count: coupling.space.count))
    var order: [Int] = []
    var seen: Set<Range<Int>> = []
    for (position, role) in coupling.producers.enumerated()
    where seen.insert(role.slots).inserted {
      for slot in role.slots {
        let atom = coupling.atom(slot)
        if lists.numbers[atom] == 0 { order.append(atom) }
        lists.add(position, to: atom)
      }
    }
    return (lists, order)
  }

  private init(numbers: [Int32]) { self.numbers = numbers }

  private mutating func add(_ position: Int, to atom: Int) {
    let list = numbers[atom]
    let key = Longer(list: list, position: position)
    if let last, last.key == key {
      numbers[atom] = last.list
      return
    }
    let number = longer[key] ?? Int32(lists.count)
    if Int(number) == lists.count {
      longer[key] = number
      var makers = lists[Int(list)]
      if let end = makers.indices.last, makers[end].producer == position {
        makers[end].channels += 1
      } else {
        makers.append(Maker(producer: position, channels: 1))
      }
      lists.append(makers)
    }
    numbers[atom] = number
    last = (key, number)
  }

  /// The number of an atom's list.
  func list(of atom: Int) -> Int32 { numbers[atom] }

  /// The weights that make some of the atoms, and how many of their channels these are.
  func shares(of atoms: [Int]) -> [Maker] {
    var counts: [Int32: Int] = [:]
    for atom in atoms { counts[numbers[atom], default: 0] += 1 }
    var channels: [Int: Int] = [:]
    for (list, count) in counts {
      for maker in lists[Int(list)] {
        channels[maker.producer, default: 0] += maker.channels * count
      }
    }
    return channels.sorted { $0.key < $1.key }.map { Maker(producer: $0, channels: $1) }
  }
}

/// The blocks of grouped operators that atoms lie in, where these must stay equal.
private struct BlockPlaces {
  typealias Place = ChannelGroup.BlockPlace

  private var places: [Int: [Place]] = [:]

  var isEmpty: Bool { places.isEmpty }

  subscript(atom: Int) -> [Place] { places.isEmpty ? [] : places[atom] ?? [] }

  init(_ coupling: inout Coupling) {
    guard !coupling.blocks.isEmpty else { return }
    var tallyOfAtom = [Int32](repeating: -1, count: coupling.space.count)
    for (number, constraint) in coupling.blocks.enumerated() {
      let tallies = Tally.count(constraint, coupling, &tallyOfAtom)
      // The same number in every block keeps the blocks equal by itself. All others must be as many
      // channels of each of their blocks (those behind a shuffle are several), and of blocks that
      // are theirs alone or theirs all together: queries and keys of every head, say.
      let partial = tallies.filter { !$0.isEven || $0.blocks.count < constraint.count }
      let sizes = partial.filter(\.isEven).map(\.run)
      let common = Dictionary(grouping: sizes) { $0 }.max {
        ($0.value.count, $1.key) < ($1.value.count, $0.key)
      }
      var owners: [Int: [Int]] = [:]
      var contested: Set<Int> = []
      for tally in partial {
        for block in tally.blocks {
          if owners[block] ?? tally.blocks != tally.blocks { contested.insert(block) }
          owners[block] = tally.blocks
        }
      }
      for tally in partial {
        guard tally.isEven, tally.run == common?.key, contested.isDisjoint(with: tally.blocks)
        else {
          coupling.freeze(tally.atom, "it lies unevenly in the blocks of a grouped operator")
          continue
        }
        places[tally.atom, default: []].append(Place(constraint: number, block: tally.blocks[0]))
      }
    }
  }

  /// Atoms by the blocks they lie in, in the order in which these are met.
  func runs(of atoms: [Int]) -> (runs: [[Int]], places: [[Place]]) {
    guard !isEmpty else { return ([atoms], [[]]) }
    var numbers: [[Place]: Int] = [:]
    var runs: [[Int]] = []
    var places: [[Place]] = []
    for atom in atoms {
      let key = self[atom]
      if let known = numbers[key] {
        runs[known].append(atom)
      } else {
        numbers[key] = runs.count
        runs.append([atom])
        places.append(key)
      }
    }
    return (runs, places)
  }

  /// How often an atom is met in the blocks of one constraint.
  private struct Tally {
    let atom: Int
    /// The blocks that it was met in, ascending.
    private(set) var blocks: [Int]
    /// How often it was met in the last of them.
    private(set) var run = 1
    private var before: Int?
    private var isEvenBefore = true

    /// Whether every block that it was met in has the same number of it.
    var isEven: Bool { isEvenBefore && before ?? run == run }

    private init(atom: Int, block: Int) {
      self.atom = atom
      blocks = [block]
    }

    private mutating func add(_ next: Int) {
      guard next != blocks.last else { return run += 1 }
      isEvenBefore = isEven
      before = run
      run = 1
      blocks.append(next)
    }

    /// - Parameter places: -1 for every atom, before and after.
    static func count(
      _ constraint: Coupling.Blocks, _ coupling: Coupling, _ places: inout [Int32]
    ) -> [Tally] {
      let length = max(1, constraint.slots.count / max(1, constraint.count))
      var tallies: [Tally] = []
      for (offset, slot) in constraint.slots.enumerated() {
        let atom = coupling.atom(slot)
        if places[atom] < 0 {
          places[atom] = Int32(tallies.count)
          tallies.append(Tally(atom: atom, block: offset / length))
        } else {
          tallies[Int(places[atom])].add(offset / length)
        }
      }
      for tally in tallies { places[tally.atom] = -1 }
      return tallies
    }
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
