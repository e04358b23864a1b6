package import IR
package import Kernels

/// Logical disjunction with broadcasting (https://onnx.ai/onnx/operators/onnx__Or.html).
package struct Or: Comparison {
  package static let schema = Schema(
    "Or",
    signature: """
      1: (T, T) -> T1; <axis: int, broadcast: int = 0>; T: bool; T1: bool
      7: <>
      """)
  package static let traits = Traits(isCommutative: true)
  package let predicate = Predicate.or

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
