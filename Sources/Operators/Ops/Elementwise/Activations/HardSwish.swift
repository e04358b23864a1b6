package import IR
package import Kernels

/// `x · max(0, min(1, x/6 + 1/2))` (https://onnx.ai/onnx/operators/onnx__HardSwish.html).
package struct HardSwish: UnaryElementwise {
  package static let schema = Schema(
    "HardSwish", opsets: 14...28,
    signature: """
      14: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package let function = UnaryFunction.hardSwish

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}
}

extension HardSwish {
  package var gradient: Gradient {
    .elementwise { g, x, _ in
      let inner = (g * (x * 2 + 3) / 6)
      return x.isAbove(3).select(g, x.isAbove(-3).select(inner))
    }
  }
}
