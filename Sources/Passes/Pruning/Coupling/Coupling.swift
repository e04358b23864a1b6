internal import IR
internal import Operators

/// Stands for the text that says why an atom cannot go.
typealias ReasonNumber = Int32

/// Which slots of a model stand and fall together, and which cannot go, with the reason.
///
/// Built by walking the nodes once and uniting slots as each operator's channel rule says
/// (pruning.md, "Propagation rules").
struct Coupling {
  /// An axis of a node's operand that takes part in scoring, cutting or proving.
  struct Role {
    let node: NodeID
    let axis: Axis
    let slots: Range<Int>
  }

  /// The columns of a grouped convolution's weight, which serve other channels in each group.
  struct GroupedColumns {
    let node: NodeID
    let axis: Axis
    let rows: Range<Int>
    let channels: Range<Int>
    let groups: Int
  }

  /// An axis whose `count` equal runs must keep the same number of indices.
  struct Blocks {
    let slots: Range<Int>
    let count: Int
  }

  let facts: TypedGraph
  let space: SlotSpace
  var producers: [Role] = []
  var consumers: [Role] = []
  var scales: [Role] = []
  var statistics: [Role] = []
  var groupedColumns: [GroupedColumns] = []
  var blocks: [Blocks] = []
  /// Axes whose indices products of two activations keep apart: heads.
  var parallel: [Range<Int>] = []
  let attention: PruningOptions.Attention
  let cutsReductions: Bool
  /// Whether the reading of some axis froze another.
  var strandsChannels = false
  /// Rows of nodes that are read as one permutation.
  let shuffles: [ChannelShuffle]

  var traced = TracingMemory()
  /// The sets while they grow.
  private var sets: UnionFind
  /// The representative of every slot's atom, once all are united.
  private var atoms: [Int32] = []
  private var reasonOfRoot: [ReasonNumber]
  private var reasons: [String] = []
  private var reasonIndex: [String: ReasonNumber] = [:]

  /// - Parameters:
  ///   - choices: what of it goes where there is a choice.
  ///   - barriers: nodes to treat as barriers, with the reason.
  init(
    _ facts: TypedGraph, _ choices: PruningOptions.Choices, barriers: [NodeID: String] = [:]
  ) {
    self.facts = facts
    attention = choices.attention
    cutsReductions = choices.cutsReductions
    let rules = facts.graph.nodeIDs.map { id in
      facts.op(id)?.channels(facts.inputs(id), facts.outputs(id))
    }
    space = SlotSpace(facts, rules)
    sets = UnionFind(count: space.count)
    reasonOfRoot = Array(repeating: -1, count: space.count)
    shuffles = ChannelShuffle.all(facts, except: Set(barriers.keys))
    freezeBoundaries()
    var movements: [Movement] = []
    let shuffling = Set(shuffles.flatMap(\.nodes))
    for shuffle in shuffles { link(shuffle) }
    for (id, rule) in zip(facts.graph.nodeIDs, rules) where !shuffling.contains(id) {
      if let reason = barriers[id] {
        freezeAll(of: id, reason)
      } else {
        propagate(id, rule, &movements)
      }
    }
    resolve(movements)
    atoms = sets.roots()
    sets = UnionFind(count: 0)
    traced = TracingMemory()
  }

  /// The representative of a slot's atom.
  func atom(_ slot: Int) -> Int { Int(atoms[slot]) }

  /// Why the atom of a slot cannot go; nil when it can.
  func reason(_ slot: Int) -> String? { reasonNumber(slot).map(text) }

  /// The number of the reason why the atom of a slot cannot go; nil when it can.
  func reasonNumber(_ slot: Int) -> ReasonNumber? {
    let number = reasonOfRoot[atom(slot)]
    return number < 0 ? nil : number
  }

  /// The representative of a slot's set as it is now.
  mutating func root(_ slot: Int) -> Int { atoms.isEmpty ? sets.root(slot) : atom(slot) }

  /// Whether the set of a slot cannot go, as far as is known.
  mutating func isFrozen(_ slot: Int) -> Bool { reasonOfRoot[root(slot)] >= 0 }

  /// Keeps an atom from being removed.
  mutating func freeze(_ slot: Int, _ reason: String) {
    let root = root(slot)
    guard reasonOfRoot[root] < 0 else { return }
    reasonOfRoot[root] = number(of: reason)
  }

  /// The number of a reason.
  mutating func number(of reason: String) -> ReasonNumber {
    if let known = reasonIndex[reason] { return known }
    let number = ReasonNumber(reasons.count)
    reasonIndex[reason] = number
    reasons.append(reason)
    return number
  }

  /// What a reason says.
  func text(_ reason: ReasonNumber) -> String { reasons[Int(reason)] }

  mutating func unite(_ a: Int, _ b: Int) {
    guard let (kept, gone) = sets.unite(a, b) else { return }
    if reasonOfRoot[kept] < 0 { reasonOfRoot[kept] = reasonOfRoot[gone] }
  }

  mutating func freeze(_ slots: Range<Int>, _ reason: String) {
    let number = number(of: reason)
    for slot in slots {
      let root = root(slot)
      if reasonOfRoot[root] < 0 { reasonOfRoot[root] = number }
    }
  }
}
