package import IR
package import Kernels

/// The shapes of a product of stacks of matrices, as `numpy.matmul` broadcasts them: what MatMul
/// and its integer kin share.
package struct BatchedProduct: Sendable {
  /// Which inputs are the left and the right operand.
  package let a: Int
  package let b: Int

  package init(a: Int = 0, b: Int = 1) {
    self.a = a
    self.b = b
  }

  /// The shape of the output, as far as it follows.
  package func infer(_ inputs: Inputs) throws(ModelError) -> Shape? {
    try inputs.requireRank(a, 1...Int.max)
    try inputs.requireRank(b, 1...Int.max)
    guard let left = inputs.shape(a), let right = inputs.shape(b) else { return nil }
    let mismatch: Mismatch = { inputs.mismatch($0, expected: $1, found: $2) }
    let output = try output(left, right, mismatch)
    inputs.equate(left[left.rank - 1], right[max(0, right.rank - 2)])
    for place in 3...max(3, min(left.rank, right.rank)) where place <= min(left.rank, right.rank) {
      inputs.equateBroadcast(left[left.rank - place], right[right.rank - place])
    }
    return output
  }

  private func output(
    _ left: Shape, _ right: Shape, _ mismatch: Mismatch
  ) throws(ModelError) -> Shape {
    let k = left[left.rank - 1], other = right[max(0, right.rank - 2)]
    if let length = k.value, let found = other.value, length != found {
      throw mismatch(
        b, "\(length) along axis \(max(0, right.rank - 2)), as the left operand's last axis has",
        "\(right)")
    }
    let batchA = Array(left.dimensions.dropLast(2)), batchB = Array(right.dimensions.dropLast(2))
    let rank = max(batchA.count, batchB.count)
    var dimensions: [Dimension] = []
    for axis in 0..<rank {
      let x = batchA[safe: axis - rank + batchA.count] ?? 1
      let y = batchB[safe: axis - rank + batchB.count] ?? 1
      guard let length = Dimension.broadcast(x, y) else {
        throw mismatch(b, "batch axes that broadcast with \(left)", "\(right)")
      }
      dimensions.append(length)
    }
    if left.rank > 1 { dimensions.append(left[left.rank - 2]) }
    if right.rank > 1 { dimensions.append(right[right.rank - 1]) }
    return Shape(dimensions)
  }

  /// The lengths for the inputs of an evaluation, and the output's shape.
  package func shape(
    _ context: Evaluation
  ) throws(ModelError) -> (product: MatrixProductShape, output: [Int]) {
    let left = try context.input(a).shape, right = try context.input(b).shape
    for (index, shape) in [(a, left), (b, right)] where shape.isEmpty {
      throw context.mismatch(index, expected: "rank at least 1", found: "a scalar")
    }
    let mismatch: Mismatch = { context.mismatch($0, expected: $1, found: $2) }
    guard let output = try output(Shape(left), Shape(right), mismatch).known else {
      throw mismatch(b, "batch axes that broadcast with \(left)", "\(right)")
    }
    let n = right.count == 1 ? 1 : right[right.count - 1]
    var shape = MatrixProductShape(
      m: left.count == 1 ? 1 : left[left.count - 2], n: n, k: left[left.count - 1])
    let batchA = Array(left.dropLast(2)), batchB = Array(right.dropLast(2))
    let batch = output.prefix(max(batchA.count, batchB.count))
    shape.batchesA = Self.indices(batchA, in: batch)
    shape.batchesB = Self.indices(batchB, in: batch)
    return (shape, output)
  }

  /// For each position of `batch`, which matrix of a stack with shape `own` it uses.
  private static func indices(_ own: [Int], in batch: ArraySlice<Int>) -> [Int] {
    var indices = [0]
    let steps = strides(of: own)
    for (axis, length) in batch.enumerated() {
      let place = axis - batch.count + own.count
      let step = place >= 0 && own[place] != 1 ? steps[place] : 0
      indices = indices.flatMap { start in (0..<length).map { start + $0 * step } }
    }
    return indices
  }

  /// The product as linear in the operand that is constant, the right one where both are; nil for
  /// two activations, and where ranks are not known.
  package func linear(_ inputs: Inputs, bias: Int? = nil, isPlain: Bool = true) -> LinearForm? {
    var form: LinearForm
    if inputs[b]?.constant != nil, let right = inputs.rank(b), right >= 1 {
      form = LinearForm(
        .product, activation: a, weight: b, bias: bias.map { LinearForm.Bias($0) },
        output: right > 1 ? right - 1 : nil, input: max(0, right - 2), along: -1,
        to: right > 1 ? -1 : nil)
      form.stackAxes = max(0, right - 2)
    } else if inputs[a]?.constant != nil, let left = inputs.rank(a), left >= 1,
      let right = inputs.rank(b), right >= 1
    {
      form = LinearForm(
        .product, activation: b, weight: a, output: left > 1 ? left - 2 : nil, input: left - 1,
        along: right > 1 ? -2 : -1, to: left > 1 ? (right > 1 ? -2 : -1) : nil)
      form.stackAxes = max(0, left - 2)
    } else {
      return nil
    }
    form.isPlain = isPlain
    return form
  }

  /// Rule 4 of pruning.md: contraction axes unite, rows and columns pass through, batch axes
  /// broadcast. `perRow` and `perColumn` are further inputs with an element a row or a column.
  package func channels(
    _ inputs: Inputs, _ outputs: [TensorType], perRow: [Int] = [], perColumn: [Int] = []
  ) -> ChannelRule {
    guard let left = inputs.shape(a), let right = inputs.shape(b), let y = outputs.first?.shape,
      left.rank >= 1, right.rank >= 1
    else { return .barrier("the shapes of a product are not known") }
    let output = Port.output(0)
    let k = Axis(.input(a), left.rank - 1), other = Axis(.input(b), max(0, right.rank - 2))
    var relations: [ChannelRule.Relation] = [.same(k, other)]
    let columns = right.rank > 1 ? 1 : 0, rows = left.rank > 1 ? 1 : 0
    guard y.rank >= rows + columns else { return .barrier("the shapes of a product are not known") }
    let row = rows == 1 ? Axis(.input(a), left.rank - 2) : nil
    let column = columns == 1 ? Axis(.input(b), right.rank - 1) : nil
    if let row { relations.append(.same(row, Axis(output, y.rank - 1 - columns))) }
    if let column { relations.append(.same(column, Axis(output, y.rank - 1))) }
    for (indices, axis) in [(perRow, row), (perColumn, column)] {
      guard let axis else { continue }
      for index in indices where inputs.rank(index) == 1 {
        let length = axis == row ? left[axis.axis] : right[axis.axis]
        if inputs.shape(index)?[0] == length {
          relations.append(.same(Axis(.input(index), 0), axis))
        }
      }
    }
    let batches = y.rank - rows - columns
    for (port, shape) in [(Port.input(a), left), (.input(b), right)] where shape.rank > 2 {
      for axis in 0..<shape.rank - 2 {
        let target = axis + batches - (shape.rank - 2)
        if target >= 0, shape[axis] == y[target] {
          relations.append(.same(Axis(port, axis), Axis(output, target)))
        }
      }
    }
    if let form = linear(inputs) {
      relations += form.roles
    } else {
      // Two activations: to mask either one is to mask the sum.
      relations.append(.consumes(k))
      for axis in 0..<batches { relations.append(.parallel(Axis(output, axis))) }
    }
    return ChannelRule(relations)
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    guard let y = outputs.first?.shape?.elementCount.value,
      let k = inputs.shape(a)?.dimensions.last?.value
    else { return nil }
    return product(y, k)
  }
}
