package import IR

/// Replaces the slices that tuples of indices point to
/// (https://onnx.ai/onnx/operators/onnx__ScatterND.html).
package struct ScatterND: Operator {
  package static let schema = Schema(
    "ScatterND", opsets: 11...28,
    signature: """
      11: (T, int64, T) -> T; T: all
      13: T + bfloat16
      16: <reduction: string = none>
      """)
  package static let traits = Traits(takesStrings: true)
  let reduction: ScatterMode

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    reduction = try ScatterMode(node, opset: opset)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let (offsets, run) = try context.tupleOffsets(1, in: context.input(0).shape)
    try context.scatter(offsets, run: run, reduction: reduction)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = inputs.shape(0), let updates = inputs.shape(2),
      let depth = inputs.shape(1)?.dimensions.last?.value
    else { return .barrier("shape of an input is not known") }
    var relations: [ChannelRule.Relation] = []
    for axis in 0..<shape.rank {
      let update = axis + updates.rank - shape.rank
      if axis < depth || update < 0 {
        relations.append(.freeze(Axis(.input(0), axis), reason: "written at tuples of indices"))
      } else {
        relations.append(.same(Axis(.input(0), axis), Axis(.output(0), axis)))
        relations.append(.same(Axis(.input(2), update), Axis(.output(0), axis)))
      }
    }
    return ChannelRule(relations)
  }
}

extension ScatterND {
  package var gradient: Gradient {
    reduction.gradient { updates, g, indices in
      (
        g.apply(ScatterND.self, [indices, updates.number(0).expanded(like: updates)]),
        g.apply(GatherND.self, [indices], as: updates.type)
      )
    }
  }
}

extension ScatterND {
  package static let revisions: [Revision] = [
    .additive(16), .values(of: "reduction", before: 18, ["none", "add", "mul"]),
  ]
}
