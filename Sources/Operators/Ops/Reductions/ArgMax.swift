package import IR

/// The index of the largest element along an axis
/// (https://onnx.ai/onnx/operators/onnx__ArgMax.html).
package struct ArgMax: ExtremeIndex {
  package static let schema = Schema(
    "ArgMax", opsets: 1...28,
    signature: """
      1: (T) -> int64; <axis: int = 0, keepdims: int = 1>; T: numbers
      12: <axis: int = 0, keepdims: int = 1, select_last_index: int = 0>
      13: T + bfloat16
      """)
  package static let largest = true
  package let options: ExtremeIndexOptions

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    options = try ExtremeIndexOptions(node, opset: opset)
  }
}

extension ArgMax {
  package static let revisions: [Revision] = [
    .negativeAxes("axis"),
    .additive(12),
  ]
}
