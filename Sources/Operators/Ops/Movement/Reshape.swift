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
  package static let takesStrings = true
  package static let widensHalf = false
  package static let auxiliaryInputs: Set<Int> = [1]
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
    let input = inputs.shape(0)
    var result: [Dimension] = []
    var inferred: Int?
    for (axis, entry) in target.enumerated() {
      switch entry {
      case .known(0) where !allowsZero:
        if let input, axis >= input.rank {
          throw inputs.mismatch(
            1, expected: "0 only for axes of \(input)", found: "0 for axis \(axis)")
        }
        result.append(input?[axis] ?? .unknown)
      case .known(-1):
        guard inferred == nil else {
          throw inputs.mismatch(1, expected: "at most one -1", found: "\(Shape(target))")
        }
        inferred = axis
        result.append(.known(1))
      case .known(let length) where length < 0:
        throw inputs.mismatch(1, expected: "lengths of -1 or more", found: "\(Shape(target))")
      default: result.append(entry)
      }
    }
    if let axis = inferred {
      result[axis] = try rest(input, result, but: axis, inputs)
    } else if let total = input?.known.flatMap(checkedProduct),
      let count = Shape(result).known.flatMap(checkedProduct), total != count
    {
      throw inputs.mismatch(
        1, expected: "a shape of \(total) elements", found: "\(Shape(result))")
    }
    if inferred == nil, let input, !result.contains(.known(0)) {
      inputs.equate(input.elementCount, Shape(result).elementCount)
    }
    return Shape(result)
  }

  /// The length that -1 stands for.
  private func rest(
    _ input: Shape?, _ result: [Dimension], but axis: Int, _ inputs: Inputs
  ) throws(ModelError) -> Dimension {
    guard let input else { return .unknown }
    // Lengths that stand on both sides cancel, which also helps where they are not known.
    var above = input.dimensions
    var below = result
    below.remove(at: axis)
    for (place, entry) in (inputs.data(1) ?? []).enumerated().reversed() where place != axis {
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
        throw inputs.mismatch(
          1, expected: "a shape for the elements of \(input)", found: "\(Shape(result)), -1 aside")
      }
      return divisor == 0 ? .unknown : .known(count / divisor)
    }
    let rest = total.floorDivided(by: divisor)
    if divisor != .known(0) { inputs.equate(total, rest * divisor) }
    return rest
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let target = try context.requiredIntegers(1)
    var shape: [Int] = []
    var inferred: Int?
    for (axis, length) in target.enumerated() {
      if length == 0 && !allowsZero {
        guard axis < x.shape.count else {
          throw context.mismatch(1, expected: "0 only for axes of \(x.shape)", found: "\(target)")
        }
        shape.append(x.shape[axis])
      } else if length == -1 && inferred == nil {
        inferred = axis
        shape.append(1)
      } else {
        shape.append(length)
      }
    }
    let others = try context.elementCount(shape)
    if let inferred {
      guard others > 0, x.count % others == 0 else {
        throw context.mismatch(
          1, expected: "a shape for the elements of \(x.shape)", found: "\(target)")
      }
      shape[inferred] = x.count / others
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
