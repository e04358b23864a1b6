package import IR

/// The slices along an axis, or the elements, for which a condition holds
/// (https://onnx.ai/onnx/operators/onnx__Compress.html).
package struct Compress: Operator {
  package static let schema = Schema(
    "Compress", opsets: 9...28,
    signature: """
      9: (T, T1) -> T; <axis: int>; T: all; T1: bool
      28: T + bfloat16
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true, auxiliaryInputs: [1])
  /// Nil for the elements of the flattened tensor.
  private let axis: Int?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = node.has("axis") ? try node.int("axis") : nil
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    try inputs.requireRank(1, 1...1)
    let count = inputs.knownIntegers(1).map { Dimension.known($0.count { $0 != 0 }) }
    guard let axis else { return [Inferred(type.elementType, Shape([count ?? .unknown]))] }
    guard var shape = type.shape, let place = try inputs.axis(axis, of: 0) else {
      return [Inferred(type.elementType, nil)]
    }
    shape[place] = count ?? .unknown
    return [Inferred(type.elementType, shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let condition = try context.requiredIntegers(1)
    let kept = condition.indices.filter { condition[$0] != 0 }
    guard let axis else {
      let count = try context.elementCount(shape)
      try context.require((kept.last ?? -1) < count, 1, "at most \(count) elements")
      return try context.gather(kept, run: 1, shape: [kept.count])
    }
    let place = try normalizedAxes([axis], rank: shape.count, label: context.label)[0]
    try context.require((kept.last ?? -1) < shape[place], 1, "at most \(shape[place]) elements")
    try context.pick(shape.indices.map { $0 == place ? kept : nil })
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let axis, let place = try? inputs.axis(axis, of: 0) else {
      return .barrier("elements are picked by a condition")
    }
    return .alongside(inputs.shape(0), frozen: [place], reason: "picked by a condition")
  }
}

extension Compress {
  package var gradient: Gradient { .moved }
}

extension Compress {
  package static let revisions: [Revision] = [
    .negativeAxes("axis")
  ]
}
