internal import IR
internal import Operators

/// Nodes in a row that do nothing but bring the indices along one axis into another order.
///
/// A channel shuffle is the usual one: Reshape to groups × channels, Transpose, Reshape back. Each of
/// its nodes by itself forces every group to keep the same channels; the row as a whole is a
/// permutation, which lets every index come and go by itself. When some go, one node that picks the
/// others takes the place of the row.
struct ChannelShuffle {
  /// The nodes, in order; each but the last is read by the next alone.
  let nodes: [NodeID]
  let input: ValueID
  let output: ValueID
  let axis: Int
  /// For each index along the axis of the output the one of the input.
  let order: [Int]

  /// No exporter writes a shuffle with more nodes.
  private static let longest = 6

  /// The shuffles of a graph that have none of some nodes.
  static func all(_ facts: TypedGraph, except barriers: Set<NodeID>) -> [ChannelShuffle] {
    var shuffles: [ChannelShuffle] = []
    var taken = barriers
    for id in facts.graph.nodeIDs where !taken.contains(id) {
      guard let shuffle = ChannelShuffle(startingAt: id, facts, except: taken) else { continue }
      taken.formUnion(shuffle.nodes)
      shuffles.append(shuffle)
    }
    return shuffles
  }

  private init?(startingAt start: NodeID, _ facts: TypedGraph, except taken: Set<NodeID>) {
    let graph = facts.graph
    guard let input = graph[start].inputs.first ?? nil, graph.constant(input) == nil,
      let shape = facts.inputs(start).shape(0), shape.rank > 1
    else { return nil }
    // Where each axis of the input is by now; nil for those that no longer pass by themselves.
    var places: [Int?] = shape.dimensions.indices.map { $0 }
    var nodes: [NodeID] = []
    var next: NodeID? = start
    while let id = next, nodes.count < Self.longest, !taken.contains(id),
      let step = facts.solePassing(id), let output = graph[id].outputs[0]
    {
      places = places.map { place in
        place.flatMap { place in step.first { $0.input == place }?.output }
      }
      guard places.contains(nil) else { return nil }
      nodes.append(id)
      if nodes.count > 1, facts.outputs(id)[0].shape == shape {
        let moved = places.indices.filter { places[$0] != $0 }
        guard moved.count == 1, places[moved[0]] == nil,
          let order = Self.order(nodes, facts, shape, axis: moved[0]),
          order != Array(order.indices)
        else { return nil }
        (self.nodes, self.input, self.output) = (nodes, input, output)
        (axis, self.order) = (moved[0], order)
        return
      }
      next = graph.onlyConsumer(of: output)
    }
    return nil
  }

  /// Where the indices along an axis land; nil when the nodes do not just change their order.
  private static func order(
    _ nodes: [NodeID], _ facts: TypedGraph, _ shape: Shape, axis: Int
  ) -> [Int]? {
    guard let length = shape[axis].value, length > 1 else { return nil }
    var labels = Tensor(labelling: shape.dimensions.map { $0.value ?? 1 }, along: axis)
    for id in nodes {
      guard let op = facts.op(id) else { return nil }
      let tracing = LabelTracing(
        op: op, inputs: facts.inputs(id), outputs: facts.outputs(id), moved: [0], passing: [])
      guard let moved = try? tracing.move(labels) else { return nil }
      labels = moved
    }
    guard let order = labels.labels(along: axis), order.count == length,
      Set(order) == Set(0..<length)
    else { return nil }
    return order
  }
}

extension TypedGraph {
  /// The axes that a node passes unchanged when all it does is to move the elements of input 0 to its
  /// one output; nil for all other nodes.
  fileprivate func solePassing(_ id: NodeID) -> [(input: Int, output: Int)]? {
    guard let op = op(id), graph[id].outputs.count == 1 else { return nil }
    let rule = op.channels(inputs(id), outputs(id))
    guard rule.barrier == nil, rule.relations.count == 1,
      case .moves(inputs: [0], let passing) = rule.relations[0]
    else { return nil }
    return passing
  }
}

extension Surgery {
  /// Puts one node that picks the kept indices in the place of every shuffle that loses some.
  func replaceShuffles(_ graph: inout Graph) {
    for shuffle in coupling.shuffles {
      guard isCut(shuffle), let last = shuffle.nodes.last else { continue }
      let old = graph[shuffle.output].name
      let stays = kept(shuffle.input, shuffle.axis) ?? Array(shuffle.order.indices)
      let places = ranks(of: stays)
      let indices = shuffle.order.compactMap { places[$0] }
      let picked = graph.addInitializer("\(old)_order", Tensor(int64: indices, [indices.count]))
      graph.setOutput(last, slot: 0, to: graph.addFreshValue("\(old)_shuffled"))
      graph.add(
        ShapeNodes.pick(picked, of: shuffle.input, axis: shuffle.axis, into: shuffle.output),
        after: last)
      graph.removeUnread(from: last)
    }
  }

  /// Whether anything goes along any axis of a shuffle.
  private func isCut(_ shuffle: ChannelShuffle) -> Bool {
    let rank = coupling.facts.graph[shuffle.input].tensorType?.shape?.rank ?? 0
    return (0..<rank).contains { kept(shuffle.input, $0) != nil }
  }
}

extension Graph {
  /// Removes a node, and then those that nothing reads any more.
  fileprivate mutating func removeUnread(from last: NodeID) {
    var idle = [last]
    while let id = idle.popLast() {
      let inputs = self[id].inputs.compactMap { $0 }
      remove(id)
      for input in Set(inputs).sorted(by: { $0.index < $1.index }) {
        guard let producer = self[input].producer, self[input].uses.isEmpty else { continue }
        let results = self[producer].outputs.compactMap { $0 }
        if results.allSatisfy({ self[$0].uses.isEmpty && !isOutput($0) }) { idle.append(producer) }
      }
    }
  }
}
