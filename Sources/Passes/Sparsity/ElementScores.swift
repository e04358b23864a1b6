internal import IR

/// How much each element of a weight matters, as bit patterns of numbers that are not negative:
/// these are in the order of the numbers, with NaN last.
struct ElementScores {
  private(set) var bits: [UInt32]

  /// - Parameter norms: the norm of each channel that the weight is multiplied with; nil for
  ///   magnitudes alone.
  init(_ weight: ContractedWeight, _ values: [Float], norms: [Float]?) {
    bits = values.map { $0.magnitude.bitPattern }
    guard let norms else { return }
    let dimensions = weight.tensor.dimensions
    let rows = max(1, dimensions[0] / weight.groups)
    let row = max(1, dimensions.dropFirst().reduce(1, *))
    weight.forEachRun { run in
      // In a grouped convolution column j of group g reads channel g·n + j.
      let first = weight.groups == 1 ? 0 : run.start / row / rows * run.count
      for (column, index) in run.enumerated() {
        bits[index] = (values[index] * norms[first + column]).magnitude.bitPattern
      }
    }
  }

  /// Drops the `count` least of some elements, of equal ones those further back.
  func drop(_ count: Int, of indices: Run, from mask: inout ElementMask) {
    guard count > 0 else { return }
    guard count < indices.count else {
      for index in indices { mask.drop(index) }
      return
    }
    if indices.count <= 64 { return dropFew(count, of: indices, from: &mask) }
    var edge = Edge()
    for _ in 0..<2 {
      for index in indices { edge.take(bits[index]) }
      edge.settle(count)
    }
    var ties = count - edge.below
    drop(below: edge.value, ties: &ties, of: indices, from: &mask)
  }

  /// Drops what lies below `value`, and of what equals it the last `ties`, which are counted down.
  func drop(
    below value: UInt32, ties: inout Int, of indices: Run, from mask: inout ElementMask
  ) {
    for index in indices.reversed() {
      if bits[index] < value {
        mask.drop(index)
      } else if bits[index] == value, ties > 0 {
        mask.drop(index)
        ties -= 1
      }
    }
  }

  /// The same for up to 64 elements, by looking for the least one again and again.
  private func dropFew(_ count: Int, of indices: Run, from mask: inout ElementMask) {
    var gone: UInt64 = 0
    for _ in 0..<count {
      var least = -1
      for place in 0..<indices.count where gone >> UInt64(place) & 1 == 0 {
        if least < 0 || bits[indices[place]] <= bits[indices[least]] { least = place }
      }
      guard least >= 0 else { return }
      gone |= 1 << UInt64(least)
      mask.drop(indices[least])
    }
  }
}

/// Places of elements at equal distances.
struct Run: RandomAccessCollection {
  let start: Int
  let step: Int
  let count: Int

  var startIndex: Int { 0 }
  var endIndex: Int { count }
  subscript(position: Int) -> Int { start + position * step }
}

extension ContractedWeight {
  /// Calls `body` with the elements along the axis that is summed over, for every place on the other
  /// axes.
  func forEachRun(_ body: (Run) -> Void) {
    let span = AxisSpan(tensor.dimensions, axis: axis)
    for block in 0..<span.outer {
      let start = span.start(block: block, index: 0)
      for place in 0..<span.inner {
        body(Run(start: start + place, step: span.inner, count: span.length))
      }
    }
  }

  /// Calls `body` with the elements that make one output together, for each output: a convolution's
  /// rows with their kernels, or a row or column of a matrix.
  func forEachOutput(_ body: (Run) -> Void) {
    guard axis == 1, tensor.dimensions.count > 2 else { return forEachRun(body) }
    let row = tensor.dimensions.dropFirst().reduce(1, *)
    for index in 0..<tensor.dimensions[0] { body(Run(start: index * row, step: 1, count: row)) }
  }
}

/// Finds the number that a given count of scores lies below, in two passes over any number of them:
/// the first counts their upper halves, the second the lower halves of those at the edge.
struct Edge {
  private var histogram = [Int](repeating: 0, count: 1 << 16)
  private var upper: UInt32?
  private var before = 0
  /// The score at the edge, after both passes.
  private(set) var value: UInt32 = 0
  /// How many scores lie below it.
  var below: Int { before }

  /// Takes a score in; the same ones in both passes.
  mutating func take(_ score: UInt32) {
    if let upper {
      if score >> 16 == upper { histogram[Int(score & 0xffff)] += 1 }
    } else {
      histogram[Int(score >> 16)] += 1
    }
  }

  /// Ends a pass.
  mutating func settle(_ wanted: Int) {
    var place = 0
    while place < 0xffff, before + histogram[place] < wanted {
      before += histogram[place]
      place += 1
    }
    if let upper {
      value = upper << 16 | UInt32(place)
    } else {
      upper = UInt32(place)
      histogram = [Int](repeating: 0, count: 1 << 16)
    }
  }
}
