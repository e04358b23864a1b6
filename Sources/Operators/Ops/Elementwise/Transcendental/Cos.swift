package import IR
package import Kernels

/// The cosine (https://onnx.ai/onnx/operators/onnx__Cos.html).
package struct Cos: UnaryElementwise {
  package static let schema = Schema(
    "Cos",
    signature: """
      7: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.cos

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Cos {
  package var gradient: Gradient { .elementwise { g, x, _ in -(g * x.sin) } }
}
