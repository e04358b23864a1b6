package import IR
package import Kernels

/// `ln Σeˣ` over axes (https://onnx.ai/onnx/operators/onnx__ReduceLogSumExp.html).
package struct ReduceLogSumExp: Reduction {
  package static let schema = Schema(
    "ReduceLogSumExp", opsets: 1...28,
    signature: """
      1: (T) -> T; <axes: ints, keepdims: int = 1>; T: floats int32 int64 uint32 uint64
      13: T + bfloat16
      18: (T, int64?) -> T; <keepdims: int = 1, noop_with_empty_axes: int = 0>
      28: T: floats bfloat16
      """)
  package let function = ReduceFunction.logSumExp
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }
}

extension ReduceLogSumExp {
  package var gradient: Gradient { reduced { g, x, y, _ in g * (x - y).exp } }
}

extension ReduceLogSumExp {
  package static let revisions: [Revision] = [
    .negativeAxes("axes"), .operand("axes", becomes: 1, as: .listOrNone, from: 18), .namedAxes(18),
  ]
}
