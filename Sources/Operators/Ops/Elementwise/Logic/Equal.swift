package import IR
package import Kernels

/// Whether `a = b`, with broadcasting (https://onnx.ai/onnx/operators/onnx__Equal.html).
package struct Equal: Comparison {
  package static let schema = Schema(
    "Equal",
    signature: """
      1: (T, T) -> T1; <axis: int, broadcast: int = 0>; T: int32 int64 bool; T1: bool
      7: <>
      11: T + floats unsigned int8 int16
      13: T + bfloat16
      19: T + string
      """)
  package static let traits = Traits(takesStrings: true, isCommutative: true)
  package let predicate = Predicate.equal

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}
