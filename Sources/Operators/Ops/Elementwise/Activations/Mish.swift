package import IR
package import Kernels

/// `x · tanh(ln(1 + eˣ))` (https://onnx.ai/onnx/operators/onnx__Mish.html).
package struct Mish: UnaryElementwise {
  package static let schema = Schema(
    "Mish", opsets: 18...28,
    signature: """
      18: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.mish

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension Mish {
  package var gradient: Gradient {
    .elementwise { g, x, _ in
      let t = x.softplus.tanh
      return g * (t + x * x.sigmoid * (1 - t.squared))
    }
  }
}
