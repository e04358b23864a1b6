package import IR
package import Kernels

/// Logical exclusive disjunction with broadcasting (https://onnx.ai/onnx/operators/onnx__Xor.html).
package struct Xor: Comparison {
  package static let schema = Schema(
    "Xor",
    signature: """
      1: (T, T) -> T1; <axis: int, broadcast: int = 0>; T: bool; T1: bool
      7: <>
      """)
  package static let traits = Traits(isCommutative: true)
  package let predicate = Predicate.xor

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
