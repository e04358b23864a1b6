package import IR

/// Replaces one element for each index, along an axis
/// (https://onnx.ai/onnx/operators/onnx__ScatterElements.html).
package struct ScatterElements: ScatteringElements {
  package static let schema = Schema(
    "ScatterElements", opsets: 11...28,
    signature: """
      11: (T, Tind, T) -> T; <axis: int = 0>; T: all; Tind: int32 int64
      13: T + bfloat16
      16: <axis: int = 0, reduction: string = none>
      """)
  package static let traits = Traits(takesStrings: true)
  package let axis: Int
  package let reduction: ScatterMode

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: 0)
    reduction = try ScatterMode(node, opset: opset)
  }
}

/// ScatterElements and Scatter, its name before opset 11.
package protocol ScatteringElements: Operator {
  /// The axis that the indices are for.
  var axis: Int { get }
  /// How updates combine with what is there.
  var reduction: ScatterMode { get }
}

extension ScatteringElements {
  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    _ = try inputs.axis(axis, of: 0)
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let axis = try normalizedAxes([axis], rank: shape.count, label: context.label)[0]
    let offsets = try context.elementOffsets(1, in: shape, axis: axis)
    guard try context.input(2).shape == context.input(1).shape else {
      throw context.mismatch(
        2, expected: "the shape of the indices, \(try context.input(1).shape)",
        found: "\(try context.input(2).shape)")
    }
    try context.scatter(offsets, run: 1, reduction: reduction)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .besideIndices(
      inputs, axis: axis, operands: [.input(0), .input(1), .input(2), .output(0)],
      reason: "written element by element")
  }
}

extension ScatterElements {
  package var gradient: Gradient {
    let place = Attribute("axis", .int(axis))
    return reduction.gradient { updates, g, indices in
      (
        g.apply(
          ScatterElements.self, [indices, updates.number(0).expanded(like: updates)], [place]),
        g.apply(GatherElements.self, [indices], [place], as: updates.type)
      )
    }
  }
}

extension ScatterElements {
  package static let revisions: [Revision] = [
    .renamed(11, from: Scatter.schema.op.type, to: schema.op.type), .additive(16),
    .values(of: "reduction", before: 18, ["none", "add", "mul"]),
  ]
}
