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
  private static let budget = 256 << 20

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
    let stretch = try self.stretch(position..<place, of: model, for: made)
    var kept: [[String: Tensor]] = [], total = 0
    // Batches that would go are not run, and what nobody reads any more goes batch by batch.
    for batch in held.indices {
      let next = held[batch].filter { stays.contains($0.key) }
        .merging(try stretch?.run(held[batch]) ?? [:]) { $1 }
      total += next.values.reduce(0) { $0 + $1.byteCount }
      guard kept.isEmpty || total <= Self.budget else { break }
      kept.append(next)
      held[batch] = [:]
    }
    held = kept
    position = place
    return true
  }

  /// Hands over the value that nodes up to its own compute, batch by batch, without going on.
  func ahead(
    _ value: ValueID, in model: Model, _ body: (_ batch: Int, _ value: Tensor) -> Void
  ) throws(ModelError) {
    let name = model.graph[value].name
    var stretch: Stretch?
    if let node = model.graph[value].producer, let place = place(of: node), place >= position {
      stretch = try self.stretch(position..<place + 1, of: model, for: [value])
    }
    for (index, batch) in held.enumerated() {
      if let tensor = try stretch?.run(batch)[name] ?? batch[name] { body(index, tensor) }
    }
  }

  /// Nodes that run together.
  private struct Stretch {
    let session: Session
    let needed: Set<String>

    /// What they compute of one batch, by name.
    func run(_ batch: [String: Tensor]) throws(ModelError) -> [String: Tensor] {
      let inputs = batch.filter { needed.contains($0.key) }
      defer { for tensor in inputs.values { tensor.storage?.releasePages() } }
      return try session.run(inputs)
    }
  }

  /// A stretch of nodes that computes some values; nil where there are none.
  private func stretch(
    _ range: Range<Int>, of model: Model, for wanted: [ValueID]
  ) throws(ModelError) -> Stretch? {
    guard !wanted.isEmpty else { return nil }
    let part = self.part(order[range], of: model, for: wanted)
    let needed = Set(part.graph.inputs.map { part.graph[$0.value].name })
    return Stretch(session: try Session(part, options: options), needed: needed)
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
