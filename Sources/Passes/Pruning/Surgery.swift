internal import IR
internal import Operators

/// Cuts removed atoms out of a model: constants, attributes and declared types.
package struct Surgery {
  let coupling: Coupling
  private let keptByAxis: [SlotAxis: [Int]]
  private let removedSlots: [Bool]
  private let columns: [ColumnCut]

  /// The columns that a grouped convolution's weight keeps in the rows of each group.
  private struct ColumnCut {
    let node: NodeID
    let axis: Axis
    let kept: [[Int]]
  }

  init(_ coupling: Coupling, removing atoms: Set<Int>) {
    var coupling = coupling
    let removedSlots = (0..<coupling.space.count).map { atoms.contains(coupling.atom($0)) }
    var kept: [SlotAxis: [Int]] = [:]
    for axis in coupling.space.axes {
      guard let slots = coupling.space[axis] else { continue }
      let indices = (0..<slots.count).filter { !removedSlots[slots.lowerBound + $0] }
      if indices.count < slots.count { kept[axis] = indices }
    }
    columns = coupling.groupedColumns.compactMap { column in
      let length = column.channels.count / column.groups
      let blocks = (0..<column.groups).map { group in
        (0..<length).filter {
          !removedSlots[column.channels.lowerBound + group * length + $0]
        }
      }
      guard blocks.contains(where: { $0.count < length }) else { return nil }
      return ColumnCut(node: column.node, axis: column.axis, kept: blocks)
    }
    self.coupling = coupling
    self.removedSlots = removedSlots
    self.keptByAxis = kept
  }

  private var facts: Facts { coupling.facts }

  /// The indices that stay along an axis of a node's operand; nil when all do.
  func kept(_ node: NodeID, _ axis: Axis) -> [Int]? {
    if let cut = columns.first(where: { $0.node == node && $0.axis == axis }) {
      // Whole groups may go; those that stay keep the same number.
      return cut.kept.first { !$0.isEmpty } ?? []
    }
    guard let tensor = coupling.space.tensor(facts.graph, node, axis.port) else { return nil }
    return keptByAxis[SlotAxis(tensor: tensor, axis: axis.axis)]
  }

  /// Whether the atom of a slot is removed.
  func isRemoved(_ slot: Int) -> Bool { removedSlots[slot] }

  /// The name of a tensor that would keep nothing along an axis; nil when there is none.
  var emptied: String? {
    let axis = coupling.space.axes.first { keptByAxis[$0]?.isEmpty == true }
    return axis.map { facts.graph[$0.tensor.value(facts.graph)].name }
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
      if let kept = keptByAxis[SlotAxis(tensor: tensor, axis: axis)] {
        shape[axis] = .known(kept.count)
      }
    }
    return shape
  }

  /// The cost of a body, in which nothing is cut, and of the bodies inside it.
  private static func cost(of facts: Facts) -> (macs: Int, parameters: Int, bytes: Int) {
    var cost = (macs: 0, parameters: 0, bytes: 0)
    for id in facts.graph.nodeIDs {
      let inputs = facts.inputs(id)
      let operands = inputs.operands.map { $0.map(\.boundToOne) }
      let outputs = facts.outputs(id).map {
        TensorType($0.elementType, $0.shape?.boundToOne)
      }
      cost.macs += facts.op(id)?.macs(Inputs(label: inputs.label, operands), outputs) ?? 0
      for body in facts.bodies(id) {
        let inner = Self.cost(of: body)
        cost = (
          cost.macs + inner.macs, cost.parameters + inner.parameters, cost.bytes + inner.bytes
        )
      }
    }
    let weights = Set(facts.weights.map(\.value))
    for id in facts.graph.initializers {
      guard let tensor = facts.graph[id].initializer else { continue }
      if weights.contains(id) { cost.parameters += tensor.count }
      cost.bytes += tensor.byteCount
    }
    return cost
  }

  /// Multiply-accumulates, parameters and bytes of constants after the cut.
  func cost() -> (macs: Int, parameters: Int, bytes: Int) {
    let graph = facts.graph
    var macs = 0
    for id in graph.nodeIDs {
      guard let op = facts.op(id) else { continue }
      let cut = cut(id)
      let operands = (0..<cut.inputs.count).map { index -> Operand? in
        guard var operand = cut.inputs[index] else { return nil }
        operand.type.shape = cut.newShape(.input(index))
        return operand
      }
      let outputs = cut.outputs.indices.map {
        TensorType(cut.outputs[$0].elementType, cut.newShape(.output($0))?.boundToOne)
      }
      macs += op.macs(Inputs(label: cut.label, operands.map { $0.map(\.boundToOne) }), outputs) ?? 0
    }
    let weights = Set(facts.weights.map(\.value))
    var parameters = 0
    var bytes = 0
    for id in graph.initializers {
      guard let tensor = graph[id].initializer else { continue }
      let count = newCount(of: id, tensor)
      if weights.contains(id) { parameters += count }
      bytes += tensor.elementType.byteCount(of: count) ?? tensor.byteCount
    }
    for body in graph.nodeIDs.flatMap({ facts.bodies($0) }) {
      let inner = Self.cost(of: body)
      macs += inner.macs
      parameters += inner.parameters
      bytes += inner.bytes
    }
    return (macs, parameters, bytes)
  }

  /// The elements of a constant after the cut, as its first reader sees it.
  private func newCount(of id: ValueID, _ tensor: Tensor) -> Int {
    guard case .input(let node, let slot)? = facts.graph[id].uses.min(by: { $0.place < $1.place })
    else { return tensor.count }
    return cut(node).newShape(.input(slot))?.elementCount.value ?? tensor.count
  }

  /// The model without the removed atoms.
  ///
  /// - Throws: `Obstacle` naming the node that cannot shrink, which then has to be a barrier.
  func apply(to model: Model) throws(Obstacle) -> Model {
    var result = model
    let before = facts.graph
    for id in before.nodeIDs {
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
      type.shape = newShape(.value(result.graph.valueInfos[index].value), shape)
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
      if let cut = columns.first(where: { $0.node == node && $0.axis == place }) { return cut.kept }
      guard let tensor = coupling.space.tensor(facts.graph, node, .input(slot)) else { return nil }
      return keptByAxis[SlotAxis(tensor: tensor, axis: axis)].map { [$0] }
    }
  }
}

/// A node that cannot shrink.
struct Obstacle: Error {
  let node: NodeID
  let reason: String
}

extension Use {
  /// A number that orders uses by node and input.
  fileprivate var place: Int {
    switch self {
    case .input(let node, let slot): node.index * 1024 + slot
    case .capture(let node): node.index * 1024 + 1023
    case .output: .max
    }
  }
}

extension Shape {
  /// The shape for one sample: every length that is not known counts as 1.
  var boundToOne: Shape { Shape(dimensions.map { $0.value ?? 1 }) }
}

extension Inputs {
  /// The operands for one sample.
  var boundToOne: Inputs { Inputs(label: label, operands.map { $0.map(\.boundToOne) }) }
}

extension Operand {
  fileprivate var boundToOne: Operand {
    var operand = self
    operand.type.shape = type.shape?.boundToOne
    return operand
  }
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
