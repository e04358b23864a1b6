package import IR
package import Kernels

/// The hyperbolic cosine (https://onnx.ai/onnx/operators/onnx__Cosh.html).
package struct Cosh: UnaryElementwise {
  package static let schema = Schema(
    "Cosh", opsets: 9...28,
    signature: """
      9: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.cosh

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Cosh {
  package var gradient: Gradient { .elementwise { g, x, _ in g * x.sinh } }
}
