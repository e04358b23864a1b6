internal import IR
internal import Kernels
internal import Operators

/// What is added to its own input: y = x + f(x). Without f, whoever reads y can read x.
struct ResidualBlock: Sendable {
  /// The node that adds.
  let sum: NodeID
  /// The nodes of f, and the sum; all that nothing else reads.
  let nodes: [NodeID]
  /// What stands for y afterwards: x, or what is clamped to become x where y is clamped alike.
  let entry: ValueID
  /// y.
  let result: ValueID
  /// Whether the entry has no other readers, so that it can be called what y was.
  let takesName: Bool

  /// The model without the block.
  ///
  /// What stands for y takes its name where it can: so values keep the names of those that they are to
  /// come close to.
  func dropped(from model: Model) -> Model {
    var model = model
    for id in nodes.sorted().reversed() { model.graph.remove(id) }
    if takesName, let maker = model.graph[entry].producer,
      let slot = model.graph[maker].outputs.firstIndex(of: entry)
    {
      model.graph.setOutput(maker, slot: slot, to: result)
    } else {
      model.graph.replaceInputs(of: result, with: entry)
    }
    model.graph.dropUnusedValues()
    return model
  }
}

/// Why a sum's block has to stay.
struct BlockObstacle: Error {
  let reason: String
}

extension ResidualBlock {
  /// The sums of a graph that end a block, in order, each with its block or why that stays.
  static func all(in facts: TypedGraph) -> [(sum: NodeID, found: Result<Self, BlockObstacle>)] {
    let order = facts.graph.nodeIDs
    let places = Dictionary(zip(order, 0...)) { first, _ in first }
    return order.compactMap { id in
      guard let sum = facts.op(id) as? any BroadcastBinary, sum.function == .add,
        facts.graph[id].inputs.count == 2, let a = facts.graph[id].inputs[0],
        let b = facts.graph[id].inputs[1], a != b
      else { return nil }
      let search = BlockSearch(facts: facts, order: order, places: places, sum: id)
      return (search.block(a, b) ?? search.block(b, a)).map { (id, $0) }
    }
  }
}

/// Looks for the block that ends in one sum.
private struct BlockSearch {
  let facts: TypedGraph
  let order: [NodeID]
  let places: [NodeID: Int]
  let sum: NodeID

  private var graph: Graph { facts.graph }

  /// - Returns: nil where the second addend is no function of the first, or multiplies nothing.
  func block(_ x: ValueID, _ z: ValueID) -> Result<ResidualBlock, BlockObstacle>? {
    guard let y = graph[sum].outputs[0], facts.constant(x) == nil,
      let type = graph[x].tensorType, type.elementType.isFloatingPoint, type.shape != nil,
      type == graph[y].tensorType
    else { return nil }
    let between = self.between(x, z)
    guard between.contains(where: { macs($0) > 0 }) else { return nil }
    var gone = unread(keeping: x)
    guard between.isSubset(of: gone) else {
      return .failure(BlockObstacle(reason: "values inside it are read elsewhere"))
    }
    var entry = x
    if let clamp = sharedClamp(x, y, gone), let operand = graph[clamp].inputs[0] {
      gone.insert(clamp)
      entry = operand
    }
    let takesName = graph[entry].producer != nil && isRead(entry, only: gone)
    guard takesName || !graph.isOutput(y) && !graph.isCaptured(y) else {
      return .failure(BlockObstacle(reason: "its input is read elsewhere, and its sum by name"))
    }
    return .success(
      ResidualBlock(
        sum: sum, nodes: order.filter(gone.contains), entry: entry, result: y,
        takesName: takesName))
  }

  private func macs(_ id: NodeID) -> Int {
    facts.op(id)?.macs(facts.inputs(id).boundToOne, facts.outputs(id).map(\.boundToOne)) ?? 0
  }

  private func reads(_ id: NodeID) -> [ValueID] {
    graph[id].inputs.compactMap { $0 } + graph[id].captures
  }

  /// The nodes on the ways from one value to another.
  private func between(_ x: ValueID, _ z: ValueID) -> Set<NodeID> {
    let start = graph[x].producer.flatMap { places[$0] } ?? -1
    // All that z depends on and that comes behind x, then of these what depends on x.
    var behind: Set<NodeID> = [], pending = [z]
    while let value = pending.popLast() {
      guard let node = graph[value].producer, value != x, places[node, default: -1] > start,
        behind.insert(node).inserted
      else { continue }
      pending += reads(node)
    }
    var found: Set<NodeID> = [], reached: Set<ValueID> = [x]
    for node in behind.sorted(by: { places[$0, default: 0] < places[$1, default: 0] })
    where reads(node).contains(where: reached.contains) {
      found.insert(node)
      reached.formUnion(graph[node].outputs.compactMap { $0 })
    }
    return reached.contains(z) ? found : []
  }

  /// The sum, and the nodes that nobody reads without it, but for those that lead to x alone.
  private func unread(keeping x: ValueID) -> Set<NodeID> {
    var gone: Set<NodeID> = [sum]
    guard let place = places[sum] else { return gone }
    for id in order[..<place].reversed() {
      let made = graph[id].outputs.compactMap { $0 }
      if !made.contains(x), made.contains(where: { !graph[$0].uses.isEmpty }),
        made.allSatisfy({ isRead($0, only: gone) })
      {
        gone.insert(id)
      }
    }
    return gone
  }

  private func isRead(_ value: ValueID, only nodes: Set<NodeID>) -> Bool {
    graph[value].uses.allSatisfy { use in use.node.map(nodes.contains) ?? false }
  }

  /// The node that clamps to x, where all that is done with y is to clamp it alike: twice is as good as
  /// once.
  private func sharedClamp(_ x: ValueID, _ y: ValueID, _ gone: Set<NodeID>) -> NodeID? {
    guard let first = graph[x].producer, let next = graph.onlyConsumer(of: y),
      isRead(x, only: gone), let range = clamp(first), clamp(next) == range,
      graph[first].inputs[safe: 0] != nil, graph[next].inputs[safe: 0] == .some(y)
    else { return nil }
    return first
  }

  private func clamp(_ id: NodeID) -> ClosedRange<Float>? {
    guard case .clamp(let range)? = facts.op(id)?.quantization(facts.inputs(id)) else {
      return nil
    }
    return range
  }
}
