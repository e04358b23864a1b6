package import IR
private import Kernels

/// The upper or lower triangle of matrices (https://onnx.ai/onnx/operators/onnx__Trilu.html).
package struct Trilu: Operator {
  package static let schema = Schema(
    "Trilu", opsets: 14...28,
    signature: """
      14: (T, int64?) -> T; <upper: int = 1>; T: all bfloat16
      """)
  package static let traits = Traits(takesStrings: true, auxiliaryInputs: [1])
  let upper: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    upper = try node.flag("upper", default: true)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...Int.max)
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let width = try context.elementWidth()
    let diagonal = try context.integers(1)?.first ?? 0
    guard x.shape.count >= 2 else {
      throw context.mismatch(0, expected: "rank 2 or more", found: "shape \(x.shape)")
    }
    let y = try context.bytes(x.elementType, x.shape)
    guard let from = x.bytes.baseAddress, let to = y.baseAddress, y.count > 0 else { return }
    keepTriangle(
      count: x.shape.dropLast(2).reduce(1, *), rows: x.shape[x.shape.count - 2],
      columns: x.shape[x.shape.count - 1], diagonal: diagonal, upper: upper, width: width,
      from: from, to: to)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    let rank = inputs.rank(0) ?? 0
    return .alongside(
      inputs.shape(0), frozen: [rank - 2, rank - 1], reason: "Trilu counts rows and columns")
  }
}

extension Trilu {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in
      // What is left of the operand is where it was.
      let diagonal = call.has(1) ? try call.input(1) : nil
      return [try call.cotangent(0).apply(Trilu.self, [diagonal], call.node.attributes)]
    }
  }
}
