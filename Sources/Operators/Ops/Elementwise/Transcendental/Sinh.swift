package import IR
package import Kernels

/// The hyperbolic sine (https://onnx.ai/onnx/operators/onnx__Sinh.html).
package struct Sinh: UnaryElementwise {
  package static let schema = Schema(
    "Sinh", opsets: 9...28,
    signature: """
      9: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.sinh

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Sinh {
  package var gradient: Gradient { .elementwise { g, x, _ in g * x.cosh } }
}
