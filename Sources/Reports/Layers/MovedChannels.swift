internal import IR
internal import Operators

/// Where an operator that only moves elements takes the channels of its inputs, in both of two graphs:
/// found by running it on labels.
struct MovedChannels {
  private let first: LabelledNode
  private let second: LabelledNode

  /// - Parameter slots: the inputs whose elements are moved.
  init?(
    _ facts: TypedGraph, _ id: NodeID, _ others: TypedGraph, _ other: NodeID, _ slots: [Int]
  ) {
    guard let x = LabelledNode(facts, id, slots), let y = LabelledNode(others, other, slots) else {
      return nil
    }
    (first, second) = (x, y)
  }

  /// The axes of the output that the channels along an axis of the inputs come to lie along, with the
  /// correspondence there.
  ///
  /// - Parameter maps: the correspondence in each of the inputs.
  func outputs(_ axis: Int, _ maps: [ChannelMap]) -> [(axis: Int, map: ChannelMap)] {
    guard let x = first.labels(along: axis), let y = second.labels(along: axis),
      x.count == y.count
    else { return [] }
    return x.indices.compactMap { target in
      guard let p = x[target], let q = y[target], Set(p).count > 1 || p.count > 1 else {
        return nil
      }
      var places: [Int: [Int]] = [:]
      for (index, label) in p.enumerated() { places[label, default: []].append(index) }
      var seen: [Int: Int] = [:]
      var found: [Int] = []
      for label in q {
        let (input, index) = label.quotientAndRemainder(dividingBy: LabelledNode.distance)
        guard let channel = maps[safe: input]?.places[safe: index],
          let place = places[input * LabelledNode.distance + channel]?[
            safe: seen[label, default: 0]]
        else { return nil }
        seen[label, default: 0] += 1
        found.append(place)
      }
      return (target, ChannelMap(found, of: p.count))
    }
  }
}

/// A node that moves elements, ready to be run on labels.
private struct LabelledNode {
  private let op: any Operator
  private let inputs: Inputs
  private let slots: [Int]
  private let shapes: [[Int]]

  /// Labels are not made for more elements than this.
  private static let limit = 1 << 22
  /// How far labels of one input lie from those of the next.
  static let distance = 1 << 32

  init?(_ facts: TypedGraph, _ id: NodeID, _ slots: [Int]) {
    guard let op = facts.op(id) else { return nil }
    let inputs = facts.inputs(id)
    var shapes: [[Int]] = []
    for slot in slots {
      guard let shape = inputs.shape(slot) else { return nil }
      // Open lengths are as good as any; one keeps labels few.
      shapes.append(shape.dimensions.map { $0.value ?? 1 })
    }
    let counts = shapes.map { Tensor.count($0) ?? Int.max }
    guard counts.allSatisfy({ $0 > 0 && $0 <= Self.limit }) else { return nil }
    self.op = op
    self.inputs = inputs
    self.slots = slots
    self.shapes = shapes
  }

  /// For each axis of the output the label of each index, where all elements at an index have the same.
  func labels(along axis: Int) -> [[Int]?]? {
    var operands = (0..<inputs.count).map { inputs[$0]?.constant }
    for (place, slot) in slots.enumerated() {
      let shape = shapes[place]
      guard axis < shape.count else { return nil }
      let span = AxisSpan(shape, axis: axis)
      let labels = (0..<span.count).map { place * Self.distance + span.index(of: $0) }
      operands[slot] = Tensor(int64: labels, shape)
    }
    guard
      let results = try? evaluateConstant(
        op, label: inputs.label, inputs: operands, outputs: 1, createdLabel: -1),
      let result = results.first, let values = result.integers
    else { return nil }
    return result.dimensions.indices.map { target in
      let span = AxisSpan(result.dimensions, axis: target)
      var found = [Int?](repeating: nil, count: span.length)
      for (place, label) in values.enumerated() {
        let index = place / span.inner % span.length
        if let known = found[index], known != label { return nil }
        found[index] = label
      }
      let all = found.compactMap { $0 }
      return all.count == found.count ? all : nil
    }
  }
}
