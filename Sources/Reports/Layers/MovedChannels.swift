internal import IR
internal import Operators

/// Where an operator that only moves elements takes the channels of its first input, in both of two
/// graphs: found by running it on labels.
struct MovedChannels {
  private let first: LabelledNode
  private let second: LabelledNode

  init?(_ facts: TypedGraph, _ id: NodeID, _ others: TypedGraph, _ other: NodeID) {
    guard let x = LabelledNode(facts, id), let y = LabelledNode(others, other) else { return nil }
    (first, second) = (x, y)
  }

  /// The axes of the output that the channels along an axis of the input come to lie along, with the
  /// correspondence there.
  func outputs(_ axis: Int, _ map: ChannelMap) -> [(axis: Int, map: ChannelMap)] {
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
        guard let channel = map.places[safe: label],
          let place = places[channel]?[safe: seen[label, default: 0]]
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
  private let shape: [Int]

  /// Labels are not made for more elements than this.
  private static let limit = 1 << 22

  init?(_ facts: TypedGraph, _ id: NodeID) {
    guard let op = facts.op(id) else { return nil }
    let inputs = facts.inputs(id)
    guard let shape = inputs.shape(0) else { return nil }
    self.op = op
    self.inputs = inputs
    // Open lengths are as good as any; one keeps labels few.
    self.shape = shape.dimensions.map { $0.value ?? 1 }
    guard let count = Tensor.count(self.shape), count > 0, count <= Self.limit else { return nil }
  }

  /// For each axis of the output the label of each index, where all elements at an index have the same.
  func labels(along axis: Int) -> [[Int]?]? {
    let span = AxisSpan(shape, axis: axis)
    let labels = (0..<span.outer * span.length * span.inner).map { $0 / span.inner % span.length }
    let operands = (0..<inputs.count).map { slot -> Tensor? in
      slot == 0 ? Tensor(int64: labels, shape) : inputs[slot]?.constant
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
