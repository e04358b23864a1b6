/// The shape that two shapes broadcast to, aligned at the right, or nil when they do not match.
package func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
  let rank = max(a.count, b.count)
  var shape = [Int](repeating: 1, count: rank)
  var total = 1
  for axis in 0..<rank {
    let i = axis - (rank - a.count), j = axis - (rank - b.count)
    let x = i < 0 ? 1 : a[i], y = j < 0 ? 1 : b[j]
    guard x == y || x == 1 || y == 1 else { return nil }
    shape[axis] = x == 1 ? y : x
    let (product, overflow) = total.multipliedReportingOverflow(by: shape[axis])
    guard !overflow else { return nil }
    total = product
  }
  return shape
}

/// How up to four operands of different shapes are walked together over one output.
///
/// Neighbouring axes that all operands step through alike are merged, so that equal shapes are one
/// long row, a scalar operand is one row with step 0, and [1, C, 1, 1] against [N, C, H, W] is
/// N·C rows of H·W. Along the innermost axis every operand's step is 0 or 1.
struct Broadcast: Sendable {
  /// The merged lengths, outermost first, the row's length last.
  private(set) var lengths: [Int]
  /// For each merged axis, the step of each operand in elements.
  private(set) var steps: [SIMD4<Int>]

  /// Plans a walk over `shape`; nil when an operand does not broadcast to it.
  init?(_ operands: [[Int]], onto shape: [Int]) {
    guard operands.count <= 4 else { return nil }
    var perAxis = [SIMD4<Int>](repeating: .zero, count: shape.count)
    for (position, operand) in operands.enumerated() {
      let offset = shape.count - operand.count
      guard offset >= 0 else { return nil }
      for (axis, stride) in strides(of: operand).enumerated() {
        let length = operand[axis]
        guard length == shape[axis + offset] || length == 1 else { return nil }
        perAxis[axis + offset][position] = length == 1 ? 0 : stride
      }
    }
    lengths = []
    steps = []
    for axis in shape.indices.reversed() where shape[axis] != 1 {
      if let inner = steps.first, let length = lengths.first, perAxis[axis] == inner &* length {
        lengths[0] = length * shape[axis]
      } else {
        lengths.insert(shape[axis], at: 0)
        steps.insert(perAxis[axis], at: 0)
      }
    }
    if lengths.isEmpty {
      lengths = [1]
      steps = [.zero]
    }
  }

  /// The operands' steps along a row.
  var inner: SIMD4<Int> { steps[steps.count - 1] }

  /// Calls `body` for every row, or for pieces of long rows: where it starts in the output and in
  /// each operand, and its length. On several threads when there is much to do.
  func forEachRow(_ body: (_ output: Int, _ operands: SIMD4<Int>, _ count: Int) -> Void) {
    let row = lengths[lengths.count - 1]
    let rows = lengths.dropLast().reduce(1, *)
    guard row > 0, rows > 0 else { return }
    if rows == 1 {
      parallel(row, grain: 1 << 15) { range in
        body(range.lowerBound, inner &* range.lowerBound, range.count)
      }
      return
    }
    parallel(rows, grain: max(1, (1 << 15) / row)) { range in
      var index = [Int](repeating: 0, count: lengths.count - 1)
      var offsets = SIMD4<Int>.zero
      var rest = range.lowerBound
      for axis in index.indices.reversed() {
        index[axis] = rest % lengths[axis]
        rest /= lengths[axis]
        offsets &+= steps[axis] &* index[axis]
      }
      for line in range {
        body(line * row, offsets, row)
        var axis = index.count - 1
        while axis >= 0 {
          index[axis] += 1
          offsets &+= steps[axis]
          if index[axis] < lengths[axis] { break }
          offsets &-= steps[axis] &* lengths[axis]
          index[axis] = 0
          axis -= 1
        }
      }
    }
  }
}

/// Copies `x` to every element of `y` that it broadcasts to. False when the shapes do not match.
package func broadcastCopy(_ x: Source, into y: Target) -> Bool {
  guard x.scalar == y.scalar, let plan = Broadcast([x.shape], onto: y.shape) else { return false }
  switch x.scalar.size {
  case 1: fill(plan, x, y, UInt8.self)
  case 2: fill(plan, x, y, UInt16.self)
  case 4: fill(plan, x, y, UInt32.self)
  default: fill(plan, x, y, UInt64.self)
  }
  return true
}

private func fill<T>(_ plan: Broadcast, _ x: Source, _ y: Target, _: T.Type) {
  guard let from = x.elements(T.self).baseAddress, let to = y.elements(T.self).baseAddress else {
    return
  }
  let step = plan.inner[0]
  plan.forEachRow { output, offsets, count in
    let start = from + offsets[0]
    if step == 1 {
      (to + output).update(from: start, count: count)
    } else {
      (to + output).update(repeating: start[0], count: count)
    }
  }
}
