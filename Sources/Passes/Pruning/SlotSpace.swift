internal import IR
internal import Operators

/// A tensor whose slices can go: a value of the graph, or one node's reading of a constant.
///
/// A constant that several nodes read is cut for each by itself, so that a bias shared by accident
/// (exporters merge equal constants) ties no channels together. A weight that is shared stays one.
enum SlotTensor: Hashable {
  case value(ValueID)
  case reading(NodeID, slot: Int)
}

/// One axis of a tensor.
struct SlotAxis: Hashable {
  let tensor: SlotTensor
  let axis: Int
}

/// Numbers for every (tensor, axis, index), called slots (PRUNING.md, "State").
struct SlotSpace {
  /// The slots of each axis; an axis of unknown length has none.
  private(set) var ranges: [SlotAxis: Range<Int>] = [:]
  /// The number of slots.
  private(set) var count = 0
  /// Axes in the order in which they were numbered.
  private(set) var axes: [SlotAxis] = []
  private let separate: Set<ValueID>

  init(_ facts: Facts) {
    let graph = facts.graph
    // Weights that some node reads as such stay one tensor for all of their readers.
    var weights: Set<ValueID> = []
    for id in graph.nodeIDs {
      guard let op = facts.op(id) else { continue }
      for relation in op.channels(facts.inputs(id), facts.outputs(id)).relations {
        switch relation {
        case .produces(let axis), .consumes(let axis):
          if case .input(let slot) = axis.port, let value = graph[id].inputs[slot] {
            weights.insert(value)
          }
        default: break
        }
      }
    }
    separate = Set(
      graph.initializers.filter {
        graph[$0].uses.count > 1 && !weights.contains($0) && !graph.isOutput($0)
          && !graph.isCaptured($0)
      })
    for value in graph.valueIDs where !separate.contains(value) {
      add(.value(value), graph[value].tensorType?.shape)
    }
    for id in graph.nodeIDs {
      for (slot, value) in graph[id].inputs.enumerated() {
        if let value, separate.contains(value) {
          add(.reading(id, slot: slot), graph[value].tensorType?.shape)
        }
      }
    }
  }

  private mutating func add(_ tensor: SlotTensor, _ shape: Shape?) {
    guard let shape else { return }
    for (axis, dimension) in shape.dimensions.enumerated() {
      // An axis of length 1 cannot lose anything.
      guard let length = dimension.value, length > 1 else { continue }
      let key = SlotAxis(tensor: tensor, axis: axis)
      ranges[key] = count..<count + length
      axes.append(key)
      count += length
    }
  }

  /// The tensor behind a node's operand.
  func tensor(_ graph: Graph, _ node: NodeID, _ port: Port) -> SlotTensor? {
    switch port {
    case .input(let slot):
      guard let value = graph[node].inputs[safe: slot] ?? nil else { return nil }
      return separate.contains(value) ? .reading(node, slot: slot) : .value(value)
    case .output(let slot):
      return (graph[node].outputs[safe: slot] ?? nil).map { .value($0) }
    }
  }

  /// The slots of an operand's axis; nil when its length is 1 or not known.
  func slots(_ graph: Graph, _ node: NodeID, _ axis: Axis) -> Range<Int>? {
    tensor(graph, node, axis.port).flatMap { ranges[SlotAxis(tensor: $0, axis: axis.axis)] }
  }

  /// The slots of an axis; nil when its length is 1 or not known.
  subscript(axis: SlotAxis) -> Range<Int>? { ranges[axis] }
}

extension SlotTensor {
  /// The value that the tensor is or reads.
  func value(_ graph: Graph) -> ValueID {
    switch self {
    case .value(let value): value
    case .reading(let node, let slot): graph[node].inputs[slot]!
    }
  }
}
