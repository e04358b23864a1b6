package import IR

/// Inserts axes of length 1 (https://onnx.ai/onnx/operators/onnx__Unsqueeze.html).
package struct Unsqueeze: Reshaping {
  package static let schema = Schema(
    "Unsqueeze", opsets: 1...28,
    signature: """
      1: (T) -> T; <axes: ints!>; T: all
      13: (T, int64) -> T; <>; T + bfloat16
      21: T + float8 int4s
      23: T + float4e2m1
      24: T + float8e8m0
      25: T + int2s
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true, auxiliaryInputs: [1])
  /// The axes as an attribute, before opset 13.
  let axes: [Int]?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axes = opset < 13 ? try node.ints("axes") ?? [] : nil
    if opset >= 13, node.inputs.count < 2 {
      throw ModelError(.invalid, "\(node.label): expected 2 inputs, found \(node.inputs.count)")
    }
  }

  /// For each output axis the input's axis, nil for an inserted one.
  private func origins(
    _ axes: [Int], rank: Int, label: String
  ) throws(ModelError) -> [Int?] {
    let inserted = try normalizedAxes(axes, rank: rank + axes.count, label: label)
    var next = 0
    return (0..<rank + axes.count).map { axis in
      if inserted.contains(axis) { return nil }
      defer { next += 1 }
      return next
    }
  }

  private func origins(_ inputs: Inputs) throws(ModelError) -> [Int?]? {
    guard let rank = inputs.rank(0), let axes = axes ?? inputs.knownIntegers(1) else { return nil }
    return try origins(axes, rank: rank, label: inputs.label)
  }

  package func shape(_ inputs: Inputs) throws(ModelError) -> Shape? {
    guard let shape = inputs.shape(0), let origins = try origins(inputs) else { return nil }
    return Shape(origins.map { $0.map { shape[$0] } ?? .known(1) })
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let axes: [Int] = if let axes { axes } else { try context.requiredIntegers(1) }
    let origins = try origins(axes, rank: shape.count, label: context.label)
    try context.copy(as: origins.map { $0.map { shape[$0] } ?? 1 })
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let origins = try? origins(inputs) else { return .barrier("axes are not known") }
    return .movement(
      passing: origins.enumerated().compactMap { axis, origin in origin.map { ($0, axis) } })
  }
}

extension Unsqueeze {
  package var gradient: Gradient { .reshaped }
}

extension Unsqueeze {
  package static let revisions: [Revision] = [
    .negativeAxes("axes", ofOutput: true), .operand("axes", becomes: 1, as: .list, from: 13),
  ]
}
