package import IR
package import Kernels

/// The inverse hyperbolic cosine (https://onnx.ai/onnx/operators/onnx__Acosh.html).
package struct Acosh: UnaryElementwise {
  package static let schema = Schema(
    "Acosh", opsets: 9...28,
    signature: """
      9: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.acosh

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Acosh {
  package var gradient: Gradient { .elementwise { g, x, _ in g / (x.squared - 1).sqrt } }
}
