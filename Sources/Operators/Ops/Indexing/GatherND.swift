package import IR

/// Takes the slices that tuples of indices point to
/// (https://onnx.ai/onnx/operators/onnx__GatherND.html).
package struct GatherND: Operator {
  package static let schema = Schema(
    "GatherND", opsets: 11...28,
    signature: """
      11: (T, int64) -> T; T: all
      12: <batch_dims: int = 0>
      13: T + bfloat16
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)
  let batch: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    batch = opset >= 12 ? try node.int("batch_dims", default: 0) : 0
    guard batch >= 0 else {
      throw node.mismatch("batch_dims", expected: "0 or more", found: "\(batch)")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard let shape = type.shape, let tuples = inputs.shape(1),
      let depth = tuples.dimensions.last?.value
    else { return [Inferred(type.elementType, nil)] }
    guard depth >= 0, batch < tuples.rank, depth <= shape.rank - batch else {
      throw inputs.mismatch(1, expected: "tuples of indices into \(shape)", found: "\(tuples)")
    }
    return [
      Inferred(
        type.elementType,
        Shape(Array(tuples.dimensions.dropLast()) + shape.dimensions.dropFirst(batch + depth)))
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let (offsets, run) = try context.tupleOffsets(1, in: shape, batch: batch)
    let lengths = try context.input(1).shape
    let depth = lengths.last ?? 0
    try context.gather(
      offsets, run: run, shape: Array(lengths.dropLast()) + shape.dropFirst(batch + depth))
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = inputs.shape(0), let depth = inputs.shape(1)?.dimensions.last?.value,
      let rank = outputs.first?.shape?.rank
    else { return .barrier("shape of input 0 or 1 is not known") }
    // Only the axes of the slices themselves go through.
    let passing = (0..<shape.rank).dropFirst(batch + depth)
    return ChannelRule(
      (0..<min(shape.rank, batch + depth)).map {
        .freeze(Axis(.input(0), $0), reason: "picked by tuples of indices")
      } + passing.map { .same(Axis(.input(0), $0), Axis(.output(0), $0 + rank - shape.rank)) })
  }
}

extension GatherND {
  package var gradient: Gradient { .moved }
}

extension GatherND {
  package static let revisions: [Revision] = [
    .additive(12)
  ]
}
