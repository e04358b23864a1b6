internal import IR
internal import Operators

/// What a model costs after a cut: multiply-accumulates for one sample, parameters and bytes of
/// constants.
///
/// What each node and constant costs is remembered, since from one attempt of a search to the next
/// most lengths stay what they were.
final class CutCost {
  private let atoms: AxisAtoms
  private var nodes: [CostedNode] = []
  private var constants: [CostedConstant] = []
  /// What cannot be cut: the bodies that nodes run.
  private var fixed = Pruner.Cost(macs: 0, parameters: 0, bytes: 0)

  init(_ coupling: Coupling) {
    atoms = AxisAtoms(coupling)
    let facts = coupling.facts
    let axes = CutAxes(coupling)
    let weights = Set(facts.weights.map(\.value))
    for id in facts.graph.nodeIDs {
      for body in facts.bodies(id) { fixed += Self.cost(of: body) }
      if let op = facts.op(id) { nodes.append(CostedNode(id, op, facts, axes)) }
    }
    for id in facts.graph.initializers {
      if let tensor = facts.graph[id].initializer {
        constants.append(
          CostedConstant(id, tensor, isWeight: weights.contains(id), facts.graph, axes))
      }
    }
  }

  /// The cost without some atoms.
  ///
  /// - Parameters:
  ///   - divided: layers that become two with fewer channels between them, and the part of their cost that
  ///     goes by that.
  ///   - gone: nodes that are dropped, with what they alone read.
  func cost(
    removing removed: AtomSet, divided: [NodeID: Double] = [:], without gone: Set<NodeID> = []
  ) -> Pruner.Cost {
    let lengths = atoms.lengths(removing: removed)
    var cost = fixed
    for index in nodes.indices where !gone.contains(nodes[index].id) {
      let macs = nodes[index].macs(lengths)
      let part = divided.isEmpty ? 0 : divided[nodes[index].id] ?? 0
      cost.macs += macs - Int(part * Double(macs))
    }
    for index in constants.indices where !constants[index].goes(with: gone) {
      var count = constants[index].count(lengths)
      if !divided.isEmpty, let part = constants[index].reader.flatMap({ divided[$0] }) {
        count -= Int(part * Double(count))
      }
      if constants[index].isWeight { cost.parameters += count }
      cost.bytes += constants[index].byteCount(of: count)
    }
    return cost
  }

  /// Multiply-accumulates of each node without some atoms; nodes that have none are left out.
  func macs(
    removing removed: AtomSet, divided: [NodeID: Double], without gone: Set<NodeID>
  ) -> [NodeID: Int] {
    let lengths = atoms.lengths(removing: removed)
    var found: [NodeID: Int] = [:]
    for index in nodes.indices where !gone.contains(nodes[index].id) {
      let macs = nodes[index].macs(lengths)
      guard macs > 0 else { continue }
      found[nodes[index].id] = macs - Int((divided[nodes[index].id] ?? 0) * Double(macs))
    }
    return found
  }

  /// The cost of a graph in which nothing is cut, such as a body, and of the bodies inside it.
  static func cost(of facts: TypedGraph) -> Pruner.Cost {
    var cost = Pruner.Cost(macs: 0, parameters: 0, bytes: 0)
    for id in facts.graph.nodeIDs {
      let outputs = facts.outputs(id).map(\.boundToOne)
      cost.macs += facts.op(id)?.macs(facts.inputs(id).boundToOne, outputs) ?? 0
      for body in facts.bodies(id) { cost += Self.cost(of: body) }
    }
    let weights = Set(facts.weights.map(\.value))
    for id in facts.graph.initializers {
      guard let tensor = facts.graph[id].initializer else { continue }
      if weights.contains(id) { cost.parameters += tensor.count }
      cost.bytes += tensor.byteCount
    }
    return cost
  }
}

/// Numbers for all that can get shorter: the axes of the slot space, then the columns of grouped
/// convolutions' weights.
private struct CutAxes {
  private let coupling: Coupling
  private let columns: [NodeID: [(axis: Axis, number: Int)]]

  init(_ coupling: Coupling) {
    self.coupling = coupling
    var columns: [NodeID: [(axis: Axis, number: Int)]] = [:]
    for (number, column) in coupling.groupedColumns.enumerated() {
      columns[column.node, default: []]
        .append((column.axis, coupling.space.axes.count + number))
    }
    self.columns = columns
  }

  /// The axes of an operand that have a number.
  func numbers(_ node: NodeID, _ port: Port, rank: Int) -> [(axis: Int, number: Int)] {
    let tensor = coupling.space.tensor(coupling.facts.graph, node, port)
    return (0..<rank).compactMap { axis in
      if let column = columns[node]?.first(where: { $0.axis == Axis(port, axis) }) {
        return (axis, column.number)
      }
      guard let tensor else { return nil }
      return coupling.space.number(of: SlotAxis(tensor: tensor, axis: axis)).map { (axis, $0) }
    }
  }
}

/// The atoms along all that can get shorter. Axes that are coupled have the same ones, and are counted
/// once.
private struct AxisAtoms {
  private let coupling: Coupling
  /// The lists of atoms that occur, and for each axis which is its.
  private var lists: [[Int]] = []
  private var list: [Int] = []

  init(_ coupling: Coupling) {
    self.coupling = coupling
    var known: [[Int]: Int] = [:]
    for slots in coupling.space.ranges {
      let atoms = slots.map { coupling.atom($0) }
      let number = known[atoms] ?? lists.count
      if number == lists.count {
        known[atoms] = number
        lists.append(atoms)
      }
      list.append(number)
    }
  }

  /// The length of each axis without some atoms, then that of grouped convolutions' columns.
  func lengths(removing removed: AtomSet) -> [Int] {
    let counts = lists.map { removed.isEmpty ? $0.count : Self.kept($0, removed) }
    var lengths = list.map { counts[$0] }
    for column in coupling.groupedColumns {
      let length = column.channels.count / column.groups
      let start = column.channels.lowerBound
      // Whole groups may go; those that stay keep the same number.
      let group = (0..<column.groups).lazy.map { group in
        let slots = start + group * length..<start + (group + 1) * length
        return Self.kept(slots.map { coupling.atom($0) }, removed)
      }.first { $0 > 0 }
      lengths.append(group ?? 0)
    }
    return lengths
  }

  private static func kept(_ atoms: [Int], _ removed: AtomSet) -> Int {
    var count = 0, place = 0
    while place < atoms.count {
      if !removed.contains(atoms[place]) { count += 1 }
      place += 1
    }
    return count
  }
}

/// A node, and its multiply-accumulates for the lengths that it was last asked about.
private struct CostedNode {
  let id: NodeID
  private let op: any Operator
  private let inputs: Inputs
  private let outputs: [TensorType]
  private let axes: [(port: Port, axis: Int, number: Int)]
  private var known: (lengths: [Int], macs: Int)?

  init(_ id: NodeID, _ op: any Operator, _ facts: TypedGraph, _ numbers: CutAxes) {
    let inputs = facts.inputs(id).boundToOne
    let outputs = facts.outputs(id).map(\.boundToOne)
    let ports =
      inputs.operands.indices.map { (Port.input($0), inputs.rank($0)) }
      + outputs.indices.map { (Port.output($0), outputs[$0].shape?.rank) }
    self.id = id
    self.op = op
    self.inputs = inputs
    self.outputs = outputs
    axes = ports.flatMap { port, rank in
      numbers.numbers(id, port, rank: rank ?? 0).map { (port, $0.axis, $0.number) }
    }
  }

  mutating func macs(_ lengths: [Int]) -> Int {
    if let known, axes.indices.allSatisfy({ known.lengths[$0] == lengths[axes[$0].number] }) {
      return known.macs
    }
    var operands = inputs.operands
    var results = outputs
    for place in axes {
      switch place.port {
      case .input(let index):
        operands[index]?.type.shape?[place.axis] = .known(lengths[place.number])
      case .output(let index):
        results[index].shape?[place.axis] = .known(lengths[place.number])
      }
    }
    let macs = op.macs(Inputs(label: inputs.label, operands), results) ?? 0
    known = (axes.map { lengths[$0.number] }, macs)
    return macs
  }
}

/// A constant, whose elements are counted as its first reader sees it.
private struct CostedConstant {
  let isWeight: Bool
  /// The node that reads it as a weight of two or more axes.
  let reader: NodeID?
  /// All who read it; nil for the world outside.
  private let readers: [NodeID?]
  private let tensor: Tensor
  private let axes: [(axis: Int, number: Int)]

  init(_ id: ValueID, _ tensor: Tensor, isWeight: Bool, _ graph: Graph, _ numbers: CutAxes) {
    self.isWeight = isWeight
    self.tensor = tensor
    readers = graph[id].uses.map(\.node)
    let reader = graph[id].uses.min { $0.place < $1.place }
    if case .input(let node, let slot)? = reader {
      self.reader = tensor.dimensions.count > 1 ? node : nil
      axes = numbers.numbers(node, .input(slot), rank: tensor.dimensions.count)
    } else {
      self.reader = nil
      axes = []
    }
  }

  /// Whether nobody reads it once these nodes are gone.
  func goes(with gone: Set<NodeID>) -> Bool {
    !gone.isEmpty && readers.allSatisfy { $0.map(gone.contains) ?? false }
  }

  func count(_ lengths: [Int]) -> Int {
    var dimensions = tensor.dimensions
    for place in axes { dimensions[place.axis] = lengths[place.number] }
    return dimensions.reduce(1, *)
  }

  func byteCount(of count: Int) -> Int {
    tensor.elementType.byteCount(of: count) ?? tensor.byteCount
  }
}

extension Pruner.Cost {
  fileprivate static func += (sum: inout Self, more: Self) {
    sum.macs += more.macs
    sum.parameters += more.parameters
    sum.bytes += more.bytes
  }
}

extension Use {
  /// A number that orders uses by node and input.
  var place: Int {
    switch self {
    case .input(let node, let slot): node.index * 1024 + slot
    case .capture(let node): node.index * 1024 + 1023
    case .output: .max
    }
  }
}

extension Shape {
  /// The shape for one sample: every length that is not known counts as 1.
  fileprivate var boundToOne: Shape { Shape(dimensions.map { $0.value ?? 1 }) }
}

extension TensorType {
  /// The type for one sample.
  var boundToOne: TensorType { TensorType(elementType, shape?.boundToOne) }
}

extension Inputs {
  /// The operands for one sample.
  var boundToOne: Inputs {
    Inputs(
      label: label,
      operands.map { operand in
        guard var operand else { return nil }
        operand.type.shape = operand.type.shape?.boundToOne
        return operand
      })
  }
}
