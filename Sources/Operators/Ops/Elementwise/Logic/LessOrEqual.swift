package import IR
package import Kernels

/// Whether `a ≤ b`, with broadcasting (https://onnx.ai/onnx/operators/onnx__LessOrEqual.html).
package struct LessOrEqual: Comparison {
  package static let schema = Schema(
    "LessOrEqual", opsets: 12...28,
    signature: """
      12: (T, T) -> T1; T: numbers; T1: bool
      16: T + bfloat16
      """)
  package let predicate = Predicate.lessOrEqual

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
