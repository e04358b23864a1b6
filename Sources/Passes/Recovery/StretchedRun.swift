internal import Execution
internal import IR
internal import Operators
internal import Samples

/// A model on batches of samples, run a stretch of its nodes at a time.
///
/// What nodes to come read of a batch is kept, so that weights can change between two stretches and
/// yet each node runs once for each batch. Where what is kept grows too large the last batches go.
struct StretchedRun {
  /// For each batch what nodes to come read, by name.
  private(set) var held: [[String: Tensor]]
  /// Nodes before this place in the order of the graph have run.
  private(set) var position = 0
  private let order: [NodeID]
  private let types: TypedGraph
  /// The place of the last node that reads each value.
  private let lastReads: [ValueID: Int]
  private let options: SessionOptions

  /// Bytes of values that may be kept.
  private static let budget = 384 << 20

  init(
    _ model: Model, on samples: SampleRun, options: SessionOptions
  ) throws(ModelError) {
    var batches: [[String: Tensor]] = []
    try samples.forEach { inputs, _ in batches.append(inputs) }
    held = batches
    types = try inferTypes(model)
    let graph = model.graph
    order = Array(graph.nodeIDs)
    var reads: [ValueID: Int] = [:]
    for (place, id) in order.enumerated() {
      for value in graph.reads(id) { reads[value] = place }
    }
    lastReads = reads
    self.options = options
  }

  /// The place of a node in the order of the graph.
  func place(of node: NodeID) -> Int? { order.firstIndex(of: node) }

  /// Runs up to a node, which is the next to run.
  ///
  /// - Returns: false where something in between is no tensor, so that nobody can stop there.
  mutating func advance(to place: Int, in model: Model) throws(ModelError) -> Bool {
    guard place > position else { return place == position }
    let graph = model.graph, last = lastReads
    let made = order[position..<place].flatMap { graph[$0].outputs.compactMap { $0 } }
      .filter { last[$0, default: -1] >= place }
    guard made.allSatisfy({ types.graph[$0].tensorType?.elementType != nil }) else { return false }
    let stays = Set(last.filter { $0.value >= place }.map { graph[$0.key].name })
    let results = try run(position..<place, of: model, for: made)
    for batch in held.indices {
      held[batch] = held[batch].filter { stays.contains($0.key) }
        .merging(results[batch]) { $1 }
    }
    position = place
    func bytes(_ batch: [String: Tensor]) -> Int { batch.values.reduce(0) { $0 + $1.byteCount } }
    while held.count > 1, held.reduce(0, { $0 + bytes($1) }) > Self.budget { held.removeLast() }
    return true
  }

  /// The value that nodes up to its own compute, for each batch, without going on.
  func ahead(_ value: ValueID, in model: Model) throws(ModelError) -> [Tensor?] {
    let name = model.graph[value].name
    guard let node = model.graph[value].producer, let place = place(of: node), place >= position
    else { return held.map { $0[name] } }
    return try run(position..<place + 1, of: model, for: [value]).map { $0[name] }
  }

  /// Values that a stretch of nodes computes, for each batch, by name.
  private func run(
    _ range: Range<Int>, of model: Model, for wanted: [ValueID]
  ) throws(ModelError) -> [[String: Tensor]] {
    guard !wanted.isEmpty else { return held.map { _ in [:] } }
    let part = self.part(order[range], of: model, for: wanted)
    let needed = Set(part.graph.inputs.map { part.graph[$0.value].name })
    let session = try Session(part, options: options)
    return try held.map { batch throws(ModelError) in
      try session.run(batch.filter { needed.contains($0.key) })
    }
  }

  /// The nodes as a model of their own, whose inputs are what they read of what came before.
  private func part(
    _ nodes: ArraySlice<NodeID>, of model: Model, for wanted: [ValueID]
  ) -> Model {
    var part = model
    var graph = model.graph
    let inside = Set(nodes)
    var given: [ValueID] = [], seen: Set<ValueID> = []
    for id in nodes {
      for value in model.graph.reads(id) where seen.insert(value).inserted {
        let isInput = model.graph.isInput(value) && model.graph.constant(value) == nil
        let isMade = model.graph[value].producer.map { !inside.contains($0) } ?? false
        if isInput || isMade { given.append(value) }
      }
    }
    graph.valueInfos = []
    graph.removeOutputs()
    for value in given {
      guard let node = graph[value].producer,
        let slot = graph[node].outputs.firstIndex(of: value)
      else { continue }
      graph.setOutput(node, slot: slot, to: nil)
    }
    for id in order.reversed() where !inside.contains(id) { graph.remove(id) }
    graph.setInputs(given.map { ValueInfo($0, type: types.graph[$0].type) })
    graph.setOutputs(wanted.map { ValueInfo($0, type: types.graph[$0].type) })
    graph.dropUnusedValues()
    part.graph = graph
    return part
  }
}

extension Graph {
  /// The values that a node reads, its bodies included.
  fileprivate func reads(_ id: NodeID) -> [ValueID] {
    self[id].inputs.compactMap { $0 } + self[id].captures
  }
}
