package import IR
package import Kernels

/// The arc tangent, in radians (https://onnx.ai/onnx/operators/onnx__Atan.html).
package struct Atan: UnaryElementwise {
  package static let schema = Schema(
    "Atan", opsets: 7...28,
    signature: """
      7: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.atan

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Atan {
  package var gradient: Gradient { .elementwise { g, x, _ in g / (1 + x.squared) } }
}
