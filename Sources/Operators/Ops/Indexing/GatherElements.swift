package import IR

/// Takes one element for each index, along an axis
/// (https://onnx.ai/onnx/operators/onnx__GatherElements.html).
package struct GatherElements: Operator {
  package static let schema = Schema(
    "GatherElements", opsets: 11...28,
    signature: """
      11: (T, Tind) -> T; <axis: int = 0>; T: all; Tind: int32 int64
      13: T + bfloat16
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)
  let axis: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: 0)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    _ = try inputs.axis(axis, of: 0)
    return [Inferred(inputs.elementType(0), inputs.shape(1))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let axis = try normalizedAxes([axis], rank: shape.count, label: context.label)[0]
    let offsets = try context.elementOffsets(1, in: shape, axis: axis)
    try context.gather(offsets, run: 1, shape: context.input(1).shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .besideIndices(
      inputs, axis: axis, operands: [.input(0), .input(1), .output(0)],
      reason: "picked element by element")
  }
}

extension GatherElements {
  package var gradient: Gradient { .moved }
}
