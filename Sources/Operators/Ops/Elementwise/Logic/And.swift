package import IR
package import Kernels

/// Logical conjunction with broadcasting (https://onnx.ai/onnx/operators/onnx__And.html).
package struct And: Comparison {
  package static let schema = Schema(
    "And",
    signature: """
      1: (T, T) -> T1; <axis: int, broadcast: int = 0>; T: bool; T1: bool
      7: <>
      """)
  package static let traits = Traits(isCommutative: true)
  package let predicate = Predicate.and

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
