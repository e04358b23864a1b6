/// The weights that make each atom, channel by channel, as lists of which each is held once.
struct MakerLists {
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
