package import IR
package import Kernels

/// The maximum over axes (https://onnx.ai/onnx/operators/onnx__ReduceMax.html).
package struct ReduceMax: Reduction {
  package static let schema = Schema(
    "ReduceMax", opsets: 1...28,
    signature: """
      1: (T) -> T; <axes: ints, keepdims: int = 1>; T: floats int32 int64 uint32 uint64
      12: T + uint8 int8
      13: T + bfloat16
      18: (T, int64?) -> T; <keepdims: int = 1, noop_with_empty_axes: int = 0>
      20: T + bool
      """)
  package let function = ReduceFunction.maximum
  package let settings: ReductionSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try ReductionSettings(node, axesAreInput: opset >= 18)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }
}

extension ReduceMax {
  package var gradient: Gradient { extreme }
}

extension ReduceMax {
  package static let revisions: [Revision] = [
    .negativeAxes("axes"), .operand("axes", becomes: 1, as: .listOrNone, from: 18), .namedAxes(18),
  ]
}
