package import IR
package import Kernels

/// The sum of squares over axes (https://onnx.ai/onnx/operators/onnx__ReduceSumSquare.html).
package struct ReduceSumSquare: Reduction {
  package static let schema = Schema(
    "ReduceSumSquare", opsets: 1...28,
    signature: """
      1: (T) -> T; <axes: ints, keepdims: int = 1>; T: floats int32 int64 uint32 uint64
      13: T + bfloat16
      18: (T, int64?) -> T; <keepdims: int = 1, noop_with_empty_axes: int = 0>
      """)
  package let function = ReduceFunction.sumSquare
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }
}

extension ReduceSumSquare {
  package var gradient: Gradient { reduced { g, x, _, _ in g * x * 2 } }
}

extension ReduceSumSquare {
  package static let revisions: [Revision] = [
    .negativeAxes("axes"), .operand("axes", becomes: 1, as: .listOrNone, from: 18), .namedAxes(18),
  ]
}
