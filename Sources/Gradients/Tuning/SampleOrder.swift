/// In which order samples come: all of them once, shuffled, and again in another order.
struct SampleOrder {
  let count: Int
  let seed: UInt64

  /// The samples of a step.
  func groups(step: Int, size: Int) -> [Int] {
    guard count > 0 else { return [] }
    var result: [Int] = []
    var place = step * size
    while result.count < size {
      let epoch = place / count, start = place % count
      let part = permutation(epoch)[start..<min(count, start + size - result.count)]
      result += part
      place += part.count
    }
    return result
  }

  private func permutation(_ epoch: Int) -> [Int] {
    var generator = Draws(state: seed &+ UInt64(epoch) &* 0x9E37_79B9_7F4A_7C15)
    var order = Array(0..<count)
    for place in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(place, Int(generator.next() % UInt64(place + 1)))
    }
    return order
  }
}
