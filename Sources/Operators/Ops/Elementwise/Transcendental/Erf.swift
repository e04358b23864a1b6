package import IR
package import Kernels

/// The error function (https://onnx.ai/onnx/operators/onnx__Erf.html).
package struct Erf: UnaryElementwise {
  package static let schema = Schema(
    "Erf", opsets: 9...28,
    signature: """
      9: (T) -> T; T: numbers
      13: T + bfloat16
      """)
  package let function = UnaryFunction.erf

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Erf {
  package var gradient: Gradient {
    .elementwise { g, x, _ in g * (-x.squared).exp * (2 / Double.pi.squareRoot()) }
  }
}
