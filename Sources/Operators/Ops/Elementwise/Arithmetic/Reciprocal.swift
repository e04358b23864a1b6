package import IR
package import Kernels

/// `1 / x` (https://onnx.ai/onnx/operators/onnx__Reciprocal.html).
package struct Reciprocal: UnaryElementwise {
  package static let schema = Schema(
    "Reciprocal", opsets: 1...28,
    signature: """
      6: (T) -> T; T: floats
      13: T + bfloat16
      """)
  package let function = UnaryFunction.reciprocal

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Reciprocal {
  package var gradient: Gradient { .elementwiseOfResult { g, y in -(g * y.squared) } }
}
