package import IR

/// The same elements under another shape (https://onnx.ai/onnx/operators/onnx__Reshape.html).
package struct Reshape: Reshaping {
  package static let schema = Schema(
    "Reshape", opsets: 5...28,
    signature: """
      5: (T, int64) -> T; T: all
      13: T + bfloat16
      14: <allowzero: int = 0>
      19: T + float8
      21: T + int4s
      23: T + float4e2m1
      24: T + float8e8m0
      25: T + int2s
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true, auxiliaryInputs: [1])
  /// Whether 0 in the target means an empty axis instead of the input's length.
  let allowsZero: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    allowsZero = opset >= 14 ? try node.flag("allowzero") : false
  }

  package func shape(_ inputs: Inputs) throws(ModelError) -> Shape? {
    try inputs.requireRank(1, 1...1)
    guard let target = inputs.data(1) else {
      guard let rank = inputs.shape(1)?[0].value, rank >= 0, rank <= 64 else { return nil }
      return Shape([Dimension](repeating: .unknown, count: rank))
    }
    return Shape(
      try lengths(target, of: inputs.shape(0), relate: inputs.equate) {
        inputs.mismatch(1, expected: $0, found: $1)
      })
  }

  /// The lengths that a target means for an input; as far as they follow where it is not known.
  ///
  /// - Parameter relate: told of lengths that must be equal.
  private func lengths(
    _ target: [Dimension], of input: Shape?,
    relate: (Dimension, Dimension) -> Void = { _, _ in },
    _ mismatch: (_ expected: String, _ found: String) -> ModelError
  ) throws(ModelError) -> [Dimension] {
    var result: [Dimension] = []
    var inferred: Int?
    for (axis, entry) in target.enumerated() {
      switch entry {
      case .known(0) where !allowsZero:
        if let input, axis >= input.rank {
          throw mismatch("0 only for axes of \(input)", "0 for axis \(axis)")
        }
        result.append(input?[axis] ?? .unknown)
      case .known(-1):
        guard inferred == nil else { throw mismatch("at most one -1", "\(Shape(target))") }
        inferred = axis
        result.append(.known(1))
      case .known(let length) where length < 0:
        throw mismatch("lengths of -1 or more", "\(Shape(target))")
      default: result.append(entry)
      }
    }
    if let axis = inferred {
      result[axis] = try rest(target, input, result, but: axis, relate, mismatch)
    } else if let total = input?.known.flatMap(checkedProduct),
      let count = Shape(result).known.flatMap(checkedProduct), total != count
    {
      throw mismatch("a shape of \(total) elements", "\(Shape(result))")
    }
    if inferred == nil, let input, !result.contains(.known(0)) {
      relate(input.elementCount, Shape(result).elementCount)
    }
    return result
  }

  /// The length that -1 stands for.
  private func rest(
    _ target: [Dimension], _ input: Shape?, _ result: [Dimension], but axis: Int,
    _ relate: (Dimension, Dimension) -> Void,
    _ mismatch: (_ expected: String, _ found: String) -> ModelError
  ) throws(ModelError) -> Dimension {
    guard let input else { return .unknown }
    // Lengths that stand on both sides cancel, which also helps where they are not known.
    var above = input.dimensions
    var below = result
    below.remove(at: axis)
    for (place, entry) in target.enumerated().reversed() where place != axis {
      guard entry == .known(0), !allowsZero else { continue }
      above[place] = .known(1)
      below[place < axis ? place : place - 1] = .known(1)
    }
    for (place, length) in below.enumerated() where length != .unknown && length != .known(0) {
      guard length != .known(1), let twin = above.firstIndex(of: length) else { continue }
      above[twin] = .known(1)
      below[place] = .known(1)
    }
    let divisor = Shape(below).elementCount
    let total = Shape(above).elementCount
    if let count = total.value, let divisor = divisor.value {
      guard divisor != 0 ? count % divisor == 0 : count == 0 else {
        throw mismatch("a shape for the elements of \(input)", "\(Shape(result)), -1 aside")
      }
      return divisor == 0 ? .unknown : .known(count / divisor)
    }
    let rest = total.floorDivided(by: divisor)
    if divisor != .known(0) { relate(total, rest * divisor) }
    return rest
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let target = try context.requiredIntegers(1)
    let lengths = try lengths(target.map { .known($0) }, of: Shape(x.shape)) {
      context.mismatch(1, expected: $0, found: $1)
    }
    guard let shape = Shape(lengths).known else {
      throw context.mismatch(
        1, expected: "a shape for the elements of \(x.shape)", found: "\(target)")
    }
    try context.copy(as: shape)
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let from = cut.newShape(.input(0)), let to = cut.newShape(.output(0)),
      let old = cut.inputs.shape(0), from != old || to != cut.outputs.first?.shape
    else { return [] }
    func copies(_ axis: Int) -> Bool {
      !allowsZero && axis < from.rank && from[axis] == to[axis] && to[axis] != .unknown
    }
    if let target = cut.inputs.knownIntegers(1), target.count == to.rank {
      var new = target
      for (axis, entry) in target.enumerated() where entry != -1 {
        if entry == 0 && (allowsZero || copies(axis)) { continue }
        guard let length = to[axis].value else {
          throw cut.unsupported("length of axis \(axis) of output 0 is not known")
        }
        new[axis] = length
      }
      return new == target ? [] : [cut.integers(1, new)]
    }
    // The target is computed in the graph: a constant takes its place where one can.
    var new: [Int] = []
    for axis in 0..<to.rank {
      if let length = to[axis].value {
        new.append(length)
      } else if copies(axis) {
        new.append(0)
      } else if !new.contains(-1) {
        new.append(-1)
      } else {
        return [
          .lengths(
            .input(1), cut.newLengths(.output(0), cut.changedAxes(.output(0), rank: to.rank)))
        ]
      }
    }
    return [cut.integers(1, new)]
  }
}

extension Reshape {
  package var gradient: Gradient { .reshaped }
}

extension Reshape {
  package static let revisions: [Revision] = [
    .additive(14),
    // Where the target has no 0, it makes no difference what that means.
    Revision(
      14,
      down: { edit throws(ModelError) in
        guard edit.constant(1)?.integers?.contains(0) == false else { return }
        edit.set("allowzero", nil)
      }),
  ]
}
