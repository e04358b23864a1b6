package import Execution
package import IR
internal import Operators
package import Samples

/// A model on batches of samples, run a stretch of its nodes at a time.
///
/// What nodes to come read of a batch is kept, so that weights can change between two stretches and
/// yet each node runs once for each batch. Where what is kept grows too large the last batches are left
/// out; they run again from the start where it has become small.
package struct StretchedRun {
  /// For each batch what nodes to come read of what others made, by name; nil for one that is left out.
  private var held: [[String: Tensor]?]
  /// Nodes before this place in the order of the graph have run.
  package private(set) var position = 0
  private let samples: SampleRun
  private let order: [NodeID]
  private let types: TypedGraph
  /// The place of the last node that reads each value.
  private let lastReads: [ValueID: Int]
  private let options: SessionOptions

  /// Bytes of values that may be kept.
  private let budget: Int

  /// - Parameter budget: bytes of values that may be kept; one batch is, however large.
  package init(
    _ model: Model, on samples: SampleRun, options: SessionOptions, budget: Int = 192 << 20
  ) throws(ModelError) {
    self.budget = budget
    self.samples = samples
    held = Array(repeating: [:], count: samples.batches)
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

  /// What nodes to come read of a batch under a name.
  package func value(_ name: String, batch: Int) throws(ModelError) -> Tensor? {
    if let known = held[batch]?[name] { return known }
    return try samples.inputs(batch: batch)[name]
  }

  /// The place of a node in the order of the graph.
  package func place(of node: NodeID) -> Int? { order.firstIndex(of: node) }

  /// Runs up to a node, which is the next to run.
  ///
  /// - Returns: false where something in between is no tensor, so that nobody can stop there.
  package mutating func advance(to place: Int, in model: Model) throws(ModelError) -> Bool {
    guard place > position else { return place == position }
    let graph = model.graph, last = lastReads
    let made = order[position..<place].flatMap { graph[$0].outputs.compactMap { $0 } }
      .filter { last[$0, default: -1] >= place }
    guard made.allSatisfy({ types.graph[$0].tensorType?.elementType != nil }) else { return false }
    let stays = Set(last.filter { $0.value >= place }.map { graph[$0.key].name })
    let stretch = try self.stretch(position..<place, of: model, for: made)
    var total = 0, isFull = false
    // Batches that would go are not run, and what nobody reads any more goes batch by batch.
    for batch in held.indices {
      guard let own = held[batch] else { continue }
      held[batch] = nil
      guard !isFull else { continue }
      let next = own.filter { stays.contains($0.key) }
        .merging(try stretch?.run(own, batch, of: samples) ?? [:]) { $1 }
      let size = Self.size(next)
      isFull = total > 0 && total + size > budget
      if !isFull {
        held[batch] = next
        total += size
      }
    }
    position = place
    if !isFull { try takeBack(total, in: model) }
    return true
  }

  private static func size(_ values: [String: Tensor]) -> Int {
    values.values.reduce(0) { $0 + $1.byteCount }
  }

  /// Runs batches that were left out up to where the others are, where all of them take no more than a
  /// half of what may be kept: sizes go up and down from layer to layer.
  private mutating func takeBack(_ total: Int, in model: Model) throws(ModelError) {
    let missing = held.indices.filter { held[$0] == nil }
    guard let first = held[0], !missing.isEmpty,
      total + Self.size(first) * missing.count <= budget / 2
    else { return }
    let wanted = first.keys.sorted().compactMap { model.graph.value(named: $0) }
    guard let stretch = try stretch(0..<position, of: model, for: wanted) else { return }
    for batch in missing { held[batch] = try stretch.run([:], batch, of: samples) }
  }

  /// Hands over the value that nodes up to its own compute, batch by batch, without going on.
  package func ahead(
    _ value: ValueID, in model: Model,
    _ body: (_ batch: Int, _ value: Tensor) throws(ModelError) -> Void
  ) throws(ModelError) {
    let name = model.graph[value].name
    var stretch: Stretch?
    if let node = model.graph[value].producer, let place = place(of: node), place >= position {
      stretch = try self.stretch(position..<place + 1, of: model, for: [value])
    }
    for (index, own) in held.enumerated() {
      guard let own else { continue }
      var tensor = try stretch?.run(own, index, of: samples)[name]
      if tensor == nil { tensor = try self.value(name, batch: index) }
      if let tensor { try body(index, tensor) }
    }
  }

  /// Nodes that run together.
  private struct Stretch {
    let session: Session
    /// What they read, and whether inputs of the model are among it.
    let needed: Set<String>
    let readsSamples: Bool

    /// What they compute of one batch, by name.
    func run(
      _ values: [String: Tensor], _ batch: Int, of samples: SampleRun
    ) throws(ModelError) -> [String: Tensor] {
      var inputs = values
      if readsSamples { inputs.merge(try samples.inputs(batch: batch)) { own, _ in own } }
      return try session.run(inputs.filter { needed.contains($0.key) })
    }
  }

  /// A stretch of nodes that computes some values; nil where there are none.
  private func stretch(
    _ range: Range<Int>, of model: Model, for wanted: [ValueID]
  ) throws(ModelError) -> Stretch? {
    guard !wanted.isEmpty else { return nil }
    let part = self.part(order[range], of: model, for: wanted)
    let needed = Set(part.graph.inputs.map { part.graph[$0.value].name })
    let inputs = model.graph.inputs.map { model.graph[$0.value].name }
    return Stretch(
      session: try Session(part, options: options), needed: needed,
      readsSamples: inputs.contains { needed.contains($0) })
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
