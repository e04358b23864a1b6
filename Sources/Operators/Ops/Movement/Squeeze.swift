package import IR

/// Removes axes of length 1 (https://onnx.ai/onnx/operators/onnx__Squeeze.html).
package struct Squeeze: Reshaping {
  package static let schema = Schema(
    "Squeeze", opsets: 1...28,
    signature: """
      1: (T) -> T; <axes: ints>; T: all
      13: (T, int64?) -> T; <>; T + bfloat16
      21: T + float8 int4s
      23: T + float4e2m1
      24: T + float8e8m0
      25: T + int2s
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true, auxiliaryInputs: [1])
  /// The axes as an attribute, before opset 13.
  let axes: [Int]?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axes = opset < 13 ? try node.ints("axes") : nil
  }

  /// The axes that stay; nil when not known.
  private func kept(_ inputs: Inputs) throws(ModelError) -> [Int]? {
    guard let shape = inputs.shape(0) else { return nil }
    let all = shape.dimensions.indices
    let given = axes ?? inputs.knownIntegers(1)
    guard let given else {
      if inputs.has(1) || shape.known == nil { return nil }
      return all.filter { shape[$0] != .known(1) }
    }
    let dropped = try normalizedAxes(given, rank: shape.rank, label: inputs.label)
    for axis in dropped {
      inputs.equate(shape[axis], 1)
      guard let length = shape[axis].value, length != 1 else { continue }
      throw inputs.mismatch(0, expected: "length 1 along axis \(axis)", found: "\(shape)")
    }
    return all.filter { !dropped.contains($0) }
  }

  package func shape(_ inputs: Inputs) throws(ModelError) -> Shape? {
    try kept(inputs).flatMap { axes in
      inputs.shape(0).map { shape in Shape(axes.map { shape[$0] }) }
    }
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let read = try context.integers(1)
    guard let given = axes ?? read else {
      return try context.copy(as: shape.filter { $0 != 1 })
    }
    let dropped = try normalizedAxes(given, rank: shape.count, label: context.label)
    for axis in dropped where shape[axis] != 1 {
      throw context.mismatch(0, expected: "length 1 along axis \(axis)", found: "\(shape)")
    }
    try context.copy(as: shape.indices.filter { !dropped.contains($0) }.map { shape[$0] })
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let kept = try? kept(inputs) else { return .barrier("axes are not known") }
    return .movement(passing: kept.enumerated().map { ($1, $0) })
  }
}

extension Squeeze {
  package var gradient: Gradient { .reshaped }
}

extension Squeeze {
  package static let revisions: [Revision] = [
    .negativeAxes("axes"), .operand("axes", becomes: 1, as: .list, from: 13),
  ]
}
