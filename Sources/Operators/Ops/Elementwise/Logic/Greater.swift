package import IR
package import Kernels

/// Whether `a > b`, with broadcasting (https://onnx.ai/onnx/operators/onnx__Greater.html).
package struct Greater: Comparison {
  package static let schema = Schema(
    "Greater",
    signature: """
      1: (T, T) -> T1; <axis: int, broadcast: int = 0>; T: floats; T1: bool
      7: <>
      9: T + integers
      13: T + bfloat16
      """)
  package let predicate = Predicate.greater

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
