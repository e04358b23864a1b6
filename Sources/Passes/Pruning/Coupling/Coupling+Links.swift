internal import IR
internal import Operators

/// The ways in which the indices of two axes can correspond.
extension Coupling {
  /// Unites index i of `a` with the `factor` indices from i·factor of `b`.
  mutating func link(_ id: NodeID, _ a: Axis, _ b: Axis, factor: Int, _ label: String) {
    let small = slots(id, a), large = slots(id, b)
    guard let small, let large, small.count * factor == large.count else {
      // One side has an unknown length or length 1: the other cannot shrink without it.
      for slots in [small, large].compactMap({ $0 }) {
        freeze(slots, "\(label): the length of an axis coupled to it is not known")
      }
      return
    }
    for index in 0..<large.count {
      unite(small.lowerBound + index / factor, large.lowerBound + index)
    }
  }

  /// Unites index i of `small` with index start + i of `large`.
  mutating func join(
    _ id: NodeID, _ small: Axis, _ large: Axis, start: Int, _ label: String
  ) {
    guard let all = slots(id, large) else { return }
    guard let part = slots(id, small), start + part.count <= all.count else {
      // An operand with a single index cannot lose it.
      if start < all.count {
        freeze(all.lowerBound + start, "\(label): what it joins here has one index only")
      }
      return
    }
    for (place, slot) in part.enumerated() { unite(slot, all.lowerBound + start + place) }
  }

  /// Unites index i of `small` with index i of each of `count` runs of `large`.
  mutating func tile(
    _ id: NodeID, _ small: Axis, _ large: Axis, count: Int, _ label: String
  ) {
    let one = slots(id, small), all = slots(id, large)
    guard let one, let all, one.count * count == all.count else {
      for slots in [one, all].compactMap({ $0 }) {
        freeze(slots, "\(label): the length of an axis coupled to it is not known")
      }
      return
    }
    for (place, slot) in all.enumerated() { unite(one.lowerBound + place % one.count, slot) }
  }

  /// Unites the axes of a shuffle's input with those of its output.
  mutating func link(_ shuffle: ChannelShuffle) {
    let rank = facts.graph[shuffle.input].tensorType?.shape?.rank ?? 0
    for axis in 0..<rank {
      guard let from = space[SlotAxis(tensor: .value(shuffle.input), axis: axis)],
        let to = space[SlotAxis(tensor: .value(shuffle.output), axis: axis)],
        from.count == to.count
      else { continue }
      for index in 0..<to.count {
        let source = axis == shuffle.axis ? shuffle.order[index] : index
        unite(from.lowerBound + source, to.lowerBound + index)
      }
    }
  }
}
