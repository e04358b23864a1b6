/// The blocks of grouped operators that atoms lie in, where these must stay equal.
struct BlockPlaces {
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
