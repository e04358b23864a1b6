internal import IR
internal import Operators

/// Cuts removed atoms out of a model: constants, attributes and declared types.
package struct Surgery {
  let coupling: Coupling
  /// The indices that stay along each axis of the slot space; nil where all do.
  private let keptByAxis: [[Int]?]
  private let removed: AtomSet
  private let columns: [NodeID: [ColumnCut]]

  /// The columns that a grouped convolution's weight keeps in the rows of each group.
  private struct ColumnCut {
    let axis: Axis
    let kept: [[Int]]
  }

  init(_ coupling: Coupling, removing removed: AtomSet) {
    func kept(_ slots: Range<Int>) -> [Int]? {
      guard slots.contains(where: { removed.contains(coupling.atom($0)) }) else { return nil }
      return slots.indices.lazy.filter { !removed.contains(coupling.atom($0)) }
        .map { $0 - slots.lowerBound }
    }
    var keptByAxis = coupling.space.ranges.map { removed.isEmpty ? nil : kept($0) }
    var columns: [NodeID: [ColumnCut]] = [:]
    for column in coupling.groupedColumns where !removed.isEmpty {
      let length = column.channels.count / column.groups
      let blocks = (0..<column.groups).map { group in
        let start = column.channels.lowerBound + group * length
        return kept(start..<start + length) ?? Array(0..<length)
      }
      if blocks.contains(where: { $0.count < length }) {
        columns[column.node, default: []].append(ColumnCut(axis: column.axis, kept: blocks))
        // The axis itself has slots where the weight is computed: which of its equal columns go is
        // of no account.
        if let tensor = coupling.space.tensor(coupling.facts.graph, column.node, column.axis.port),
          let number = coupling.space.number(
            of: SlotAxis(tensor: tensor, axis: column.axis.axis))
        {
          keptByAxis[number] = blocks.first { !$0.isEmpty } ?? []
        }
      }
    }
    self.keptByAxis = keptByAxis
    self.columns = columns
    self.coupling = coupling
    self.removed = removed
  }

  private var facts: TypedGraph { coupling.facts }

  /// The indices that stay along an axis of a node's operand; nil when all do.
  func kept(_ node: NodeID, _ axis: Axis) -> [Int]? {
    if let cut = columns[node]?.first(where: { $0.axis == axis }) {
      // Whole groups may go; those that stay keep the same number.
      return cut.kept.first { !$0.isEmpty } ?? []
    }
    guard let tensor = coupling.space.tensor(facts.graph, node, axis.port) else { return nil }
    return kept(SlotAxis(tensor: tensor, axis: axis.axis))
  }

  private func kept(_ axis: SlotAxis) -> [Int]? {
    coupling.space.number(of: axis).flatMap { keptByAxis[$0] }
  }

  /// The indices that stay along an axis of a value; nil when all do.
  func kept(_ value: ValueID, _ axis: Int) -> [Int]? {
    kept(SlotAxis(tensor: .value(value), axis: axis))
  }

  /// Whether the atom of a slot is removed.
  func isRemoved(_ slot: Int) -> Bool { removed.contains(coupling.atom(slot)) }

  /// The name of a tensor that would keep nothing along an axis; nil when there is none.
  var emptied: String? {
    keptByAxis.firstIndex { $0?.isEmpty == true }
      .map { facts.graph[coupling.space.axes[$0].tensor.value(facts.graph)].name }
  }

  /// What a node loses.
  func cut(_ node: NodeID) -> Cut {
    Cut(label: facts.graph.label(node), inputs: facts.inputs(node), outputs: facts.outputs(node)) {
      kept(node, $0)
    }
  }

  /// The shape that a value will have; nil when its rank is not known, and for values that the cut
  /// itself added.
  func newShape(of value: ValueID) -> Shape? {
    guard facts.graph.contains(value) else { return nil }
    return facts.graph[value].tensorType?.shape.map { newShape(.value(value), $0) }
  }

  /// The shape of a tensor after the cut.
  private func newShape(_ tensor: SlotTensor, _ shape: Shape) -> Shape {
    var shape = shape
    for axis in shape.dimensions.indices {
      if let kept = kept(SlotAxis(tensor: tensor, axis: axis)) {
        shape[axis] = .known(kept.count)
      }
    }
    return shape
  }

  /// The model without the removed atoms.
  ///
  /// - Throws: `Obstacle` naming the node that cannot shrink, which then has to be a barrier.
  func apply(to model: Model) throws(Obstacle) -> Model {
    var result = model
    let before = facts.graph
    let shuffling = Set(coupling.shuffles.flatMap(\.nodes))
    for id in before.nodeIDs where !shuffling.contains(id) {
      guard let op = facts.op(id), ports(id).contains(where: { port in touched(id, port) }) else {
        continue
      }
      let edits: [NodeEdit]
      do { edits = try op.resize(cut(id)) } catch {
        throw Obstacle(node: id, reason: error.message)
      }
      for edit in edits {
        switch edit {
        case .attribute(let name, let value): result.graph[id].setAttribute(name, value)
        case .removeAttribute(let name): result.graph[id].setAttribute(name, nil)
        case .constant(let slot, let tensor): result.graph.replaceConstant(id, slot, tensor)
        case .lengths(let port, let lengths):
          try overwrite(lengths, at: port, of: id, in: &result)
        }
      }
    }
    sliceConstants(&result.graph)
    replaceShuffles(&result.graph)
    for value in before.valueIDs {
      guard case .tensor(var type)? = result.graph[value].type, let shape = type.shape,
        result.graph[value].initializer == nil
      else { continue }
      type.shape = newShape(.value(value), shape)
      result.graph.setType(value, .tensor(type))
    }
    for index in result.graph.valueInfos.indices {
      guard case .tensor(var type)? = result.graph.valueInfos[index].type, let shape = type.shape
      else { continue }
      let value = result.graph.valueInfos[index].value
      // A constant that several nodes read has slots for each of them, and none of its own.
      type.shape =
        result.graph[value].initializer.map { Shape($0.dimensions) }
        ?? newShape(.value(value), shape)
      result.graph.valueInfos[index].type = .tensor(type)
    }
    result.graph.dropUnusedValues()
    return result
  }

  private func ports(_ id: NodeID) -> [Port] {
    let node = facts.graph[id]
    return node.inputs.indices.map { .input($0) } + node.outputs.indices.map { .output($0) }
  }

  private func touched(_ id: NodeID, _ port: Port) -> Bool {
    guard let tensor = coupling.space.tensor(facts.graph, id, port),
      let rank = facts.graph[tensor.value(facts.graph)].tensorType?.shape?.rank
    else { return false }
    return (0..<rank).contains { kept(id, Axis(port, $0)) != nil }
  }

  /// Slices every constant by what its readers keep. A constant read by several nodes that keep
  /// different slices becomes one for each.
  private func sliceConstants(_ graph: inout Graph) {
    let before = facts.graph
    for id in before.initializers {
      guard let tensor = before[id].initializer else { continue }
      var slices: [(cut: [[[Int]]?], value: ValueID)] = []
      for use in before[id].uses.sorted(by: { $0.place < $1.place }) {
        guard case .input(let node, let slot) = use,
          graph[node].inputs[safe: slot] == .some(id)
        else { continue }
        let cut = constantCut(node, slot, rank: tensor.dimensions.count)
        guard cut.contains(where: { $0 != nil }) || !slices.isEmpty else {
          slices.append((cut, id))
          continue
        }
        if let known = slices.first(where: { $0.cut == cut }) {
          graph.setInput(node, slot: slot, to: known.value)
          continue
        }
        let sliced = cut.contains(where: { $0 != nil }) ? tensor.sliced(cut) : tensor
        if slices.isEmpty && before[id].uses.allSatisfy({ $0.node != nil }) {
          graph.setInitializer(id, sliced)
          slices.append((cut, id))
        } else {
          let clone = graph.addInitializer(before[id].name, sliced)
          graph.setInput(node, slot: slot, to: clone)
          slices.append((cut, clone))
        }
      }
    }
  }

  /// For each axis of a constant the indices to keep: nil for all, one list, or one list for each
  /// of equal blocks of rows.
  func constantCut(_ node: NodeID, _ slot: Int, rank: Int) -> [[[Int]]?] {
    (0..<rank).map { axis in
      let place = Axis(.input(slot), axis)
      if let cut = columns[node]?.first(where: { $0.axis == place }) { return cut.kept }
      guard let tensor = coupling.space.tensor(facts.graph, node, .input(slot)) else { return nil }
      return kept(SlotAxis(tensor: tensor, axis: axis)).map { [$0] }
    }
  }
}

/// A node that cannot shrink.
struct Obstacle: Error {
  let node: NodeID
  let reason: String
}

extension Graph {
  fileprivate mutating func replaceConstant(_ node: NodeID, _ slot: Int, _ tensor: Tensor) {
    guard let old = self[node].inputs[safe: slot] ?? nil else {
      return setInput(
        node, slot: slot, to: addInitializer("\(self[node].name ?? self[node].type)_input", tensor))
    }
    setInput(node, slot: slot, to: addInitializer(self[old].name, tensor))
  }
}
