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

/// Numbers for every (tensor, axis, index), called slots (pruning.md, "State").
struct SlotSpace {
  /// The number of slots.
  private(set) var count = 0
  /// Axes in the order in which they were numbered; those of unknown length and of length 1 are
  /// left out.
  private(set) var axes: [SlotAxis] = []
  /// The slots of each of `axes`.
  private(set) var ranges: [Range<Int>] = []
  /// The number of each axis of each tensor, tensor after tensor; -1 for axes without slots.
  private var numbers: [Int32] = []
  /// The first of a value's `numbers`; -1 for values of unknown rank and those read separately.
  private var places: [Int32]
  /// The same for constants that several nodes read.
  private var separatePlaces: [SlotTensor: Int32] = [:]
  private let separate: Set<ValueID>

  /// - Parameter rules: what the operator of each node says, in the order of nodes.
  init(_ facts: TypedGraph, _ rules: [ChannelRule?]) {
    let graph = facts.graph
    // Weights that some node reads as such stay one tensor for all of their readers.
    var weights: Set<ValueID> = []
    for (id, rule) in zip(graph.nodeIDs, rules) {
      for relation in rule?.relations ?? [] {
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
    places = Array(repeating: -1, count: graph.valueCount)
    for value in graph.valueIDs where !separate.contains(value) {
      add(.value(value), graph[value].tensorType?.shape)
    }
    guard !separate.isEmpty else { return }
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
    switch tensor {
    case .value(let value): places[value.index] = Int32(numbers.count)
    case .reading: separatePlaces[tensor] = Int32(numbers.count)
    }
    for (axis, dimension) in shape.dimensions.enumerated() {
      // An axis of length 1 cannot lose anything.
      guard let length = dimension.value, length > 1 else {
        numbers.append(-1)
        continue
      }
      numbers.append(Int32(axes.count))
      axes.append(SlotAxis(tensor: tensor, axis: axis))
      ranges.append(count..<count + length)
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
    tensor(graph, node, axis.port).flatMap { self[SlotAxis(tensor: $0, axis: axis.axis)] }
  }

  /// The slots of an axis; nil when its length is 1 or not known.
  subscript(axis: SlotAxis) -> Range<Int>? { number(of: axis).map { ranges[$0] } }

  /// The position in `axes` of an axis of a tensor of this space; nil when it has no slots.
  func number(of axis: SlotAxis) -> Int? {
    let place: Int32
    switch axis.tensor {
    case .value(let value): place = places[safe: value.index] ?? -1
    case .reading: place = separatePlaces[axis.tensor] ?? -1
    }
    guard place >= 0, axis.axis >= 0, let number = numbers[safe: Int(place) + axis.axis],
      number >= 0
    else { return nil }
    let found = Int(number)
    // Behind a tensor's last axis come the next one's.
    return axes[found].tensor == axis.tensor ? found : nil
  }
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
