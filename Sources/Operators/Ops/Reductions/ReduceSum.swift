package import IR
package import Kernels

/// The sum over axes (https://onnx.ai/onnx/operators/onnx__ReduceSum.html).
package struct ReduceSum: Reduction {
  package static let schema = Schema(
    "ReduceSum", opsets: 1...28,
    signature: """
      1: (T) -> T; <axes: ints, keepdims: int = 1>; T: floats int32 int64 uint32 uint64
      13: (T, int64?) -> T; <keepdims: int = 1, noop_with_empty_axes: int = 0>; T + bfloat16
      """)
  package let function = ReduceFunction.sum
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 13)
  }
}

extension ReduceSum {
  package var gradient: Gradient { reduced { g, x, _, _ in g.expanded(like: x) } }
}

extension ReduceSum {
  package static let revisions: [Revision] = [
    .negativeAxes("axes"), .operand("axes", becomes: 1, as: .listOrNone, from: 13), .namedAxes(13),
  ]
}
